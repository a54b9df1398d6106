//! A decoder's panic as a value, without the report that Rust prints of it.

use std::cell::RefCell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    /// What the panic hook heard on this thread; `None` while nobody wants to know.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls `work`; its panic comes back as a text, and nothing is printed.
pub(crate) fn catch<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    install();
    HEARD.with_borrow_mut(|heard| *heard = Some(String::new()));
    let result = panic::catch_unwind(work);
    let heard = HEARD.take().unwrap_or_default();
    result.map_err(|_| heard)
}

/// Puts a hook before the one there is, which still gets all other panics.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let wanted = HEARD.with_borrow_mut(|heard| match heard {
                Some(text) => {
                    *text = one_line(info);
                    true
                }
                None => false,
            });
            if !wanted {
                before(info);
            }
        }));
    });
}

fn one_line(info: &panic::PanicHookInfo<'_>) -> String {
    let what = info
        .payload_as_str()
        .unwrap_or("a panic")
        .replace('\n', " ");
    match info.location() {
        Some(place) => {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!("{what} ({file}:{})", place.line())
        }
        None => what,
    }
}
