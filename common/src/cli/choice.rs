//! The values of `--model`.

use std::ffi::OsStr;
use std::marker::PhantomData;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParserFactory};
use clap::{Arg, Command, Error, ValueEnum};

/// A value of `--model`: the name of one kind of model, or `all`.
///
/// # Examples
///
/// ```
/// use clap::{Parser, ValueEnum};
/// use common::cli::Choice;
///
/// #[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
/// enum Kind {
///     Serial,
///     Threads,
/// }
///
/// #[derive(Parser)]
/// struct Args {
///     #[arg(long)]
///     model: Choice<Kind>,
/// }
///
/// let model = |name| Args::try_parse_from(["", "--model", name]).map(|args| args.model).ok();
/// assert_eq!(model("threads"), Some(Choice::One(Kind::Threads)));
/// assert_eq!(model("all"), Some(Choice::All));
/// assert_eq!(model("fibers"), None);
/// assert_eq!(Choice::<Kind>::All.kinds(), [Kind::Serial, Kind::Threads]);
/// assert!(!Choice::One(Kind::Serial).includes(Kind::Threads));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice<K> {
    /// One kind.
    One(K),
    /// All kinds, compared.
    #[default]
    All,
}

impl<K: ValueEnum + Copy> Choice<K> {
    /// The kinds that are chosen, in the order of their declaration.
    pub fn kinds(self) -> Vec<K> {
        match self {
            Choice::One(kind) => vec![kind],
            Choice::All => K::value_variants().to_vec(),
        }
    }
}

impl<K: PartialEq> Choice<K> {
    /// Whether `kind` is chosen, by its own name or by `all`.
    pub fn includes(&self, kind: K) -> bool {
        match self {
            Choice::One(one) => *one == kind,
            Choice::All => true,
        }
    }
}

const ALL: &str = "all";

/// A clap parser for [`Choice`].
#[derive(Clone, Debug)]
pub struct ChoiceParser<K>(PhantomData<K>);

impl<K: ValueEnum + Send + Sync + 'static> ValueParserFactory for Choice<K> {
    type Parser = ChoiceParser<K>;

    fn value_parser() -> ChoiceParser<K> {
        ChoiceParser(PhantomData)
    }
}

impl<K: ValueEnum + Send + Sync + 'static> ChoiceParser<K> {
    fn values() -> impl Iterator<Item = PossibleValue> {
        let kinds = K::value_variants().iter();
        kinds
            .filter_map(K::to_possible_value)
            .chain([PossibleValue::new(ALL).help("All of them, compared")])
    }
}

impl<K: ValueEnum + Send + Sync + 'static> TypedValueParser for ChoiceParser<K> {
    type Value = Choice<K>;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Choice<K>, Error> {
        // clap's parser lists the possible values in its error.
        let names = PossibleValuesParser::new(Self::values());
        let name = names.parse_ref(command, arg, value)?;
        // The name is valid. A name that is not a kind can only be `all`.
        Ok(K::from_str(&name, false).map_or(Choice::All, Choice::One))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Self::values()))
    }
}
