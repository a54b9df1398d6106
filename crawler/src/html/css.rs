//! The URLs of a style sheet: `url()` and `@import`.

use cssparser::{ParseError, Parser, Token};

/// The depth of nested blocks that is read: deeper ones are not made by people.
const DEEPEST: usize = 64;

/// The URLs in some CSS, in their order (CSS Syntax 3; CSS Values 4, section 4.5).
pub(super) fn urls(css: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&mut Parser::new(css), &mut found, 0);
    // An empty URL is no link.
    found.retain(|url| !url.is_empty());
    found
}

fn collect(parser: &mut Parser<'_>, found: &mut Vec<String>, depth: usize) {
    let mut after_import = false;
    while let Ok(token) = parser.next().cloned() {
        let is_import =
            matches!(&token, Token::AtKeyword(name) if name.eq_ignore_ascii_case("import"));
        match token {
            Token::UnquotedUrl(url) => found.push(url.as_ref().to_owned()),
            Token::QuotedString(url) if after_import => found.push(url.as_ref().to_owned()),
            Token::Function(name) if name.eq_ignore_ascii_case("url") => {
                let url = parser.parse_nested_block(|parser| {
                    Ok::<_, ParseError<()>>(parser.expect_string()?.as_ref().to_owned())
                });
                found.extend(url.ok());
            }
            Token::Function(_)
            | Token::ParenthesisBlock
            | Token::SquareBracketBlock
            | Token::CurlyBracketBlock
                if depth < DEEPEST =>
            {
                let _ = parser.parse_nested_block(|parser| {
                    collect(parser, found, depth + 1);
                    Ok::<_, ParseError<()>>(())
                });
            }
            _ => {}
        }
        after_import = is_import;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_imports_are_found_and_strings_and_comments_are_not() {
        let css = "@import 'a.css' screen; @import url(b.css); /* url(no) */ \
            p { background: url( \"c d.png\" ) , URL(e.png); content: 'url(no)' } \
            @media print { @font-face { src: url(f\\).woff) format('woff') } }";
        assert_eq!(urls(css), ["a.css", "b.css", "c d.png", "e.png", "f).woff"]);
    }

    #[test]
    fn a_nesting_bomb_is_not_followed_to_its_end() {
        let bomb = "a{".repeat(100_000) + "b:url(x)";
        assert_eq!(urls(&bomb), Vec::<String>::new());
        assert_eq!(urls("color: url("), Vec::<String>::new());
    }
}
