//! Tests of the parser.

use super::*;

/// The status and the body. Every way of cutting the response must give the same.
fn parse(response: &[u8]) -> Result<(u16, Vec<u8>), String> {
    let results = [1, 2, 3, 7, usize::MAX].map(|cut| {
        let mut parser = Parser::new(200, 50);
        let (mut status, mut body) = (0, Vec::new());
        let mut take = |piece: Piece<'_>| {
            match piece {
                Piece::Head(head) => status = head.status,
                Piece::Body(bytes) => body.extend_from_slice(bytes),
            }
            Ok::<_, Error>(())
        };
        for part in response.chunks(cut.min(response.len().max(1))) {
            parser
                .feed(part, &mut take)
                .map_err(|error| error.to_string())?;
        }
        if !parser.is_over() {
            parser.end().map_err(|error| error.to_string())?;
        }
        Ok((status, body))
    });
    for result in &results {
        assert_eq!(*result, results[0]);
    }
    results.into_iter().next().unwrap()
}

#[test]
fn bodies_end_by_length_by_chunks_or_with_the_connection() {
    for (response, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "abc"),
        ("HTTP/1.0 200\n\nabc", "abc"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\nz",
            "abc",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "",
        ),
    ] {
        assert_eq!(
            parse(response.as_bytes()),
            Ok((200, body.into())),
            "{response}"
        );
    }
}

/// RFC 9112, sections 5.2 and 6.3; RFC 9110, section 8.6.
#[test]
fn repeated_lengths_and_folded_lines_are_read_as_the_standard_says() {
    for fields in [
        "Content-Length: 5, 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "X-Long: a\r\n continued\r\nContent-Length: 5",
        "Content-Length:\r\n 5",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
    ] {
        let body = match fields.contains("chunked") {
            true => "5\r\nhello\r\n0\r\n\r\n",
            false => "hello",
        };
        let response = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}");
        assert_eq!(
            parse(response.as_bytes()),
            Ok((200, b"hello".into())),
            "{fields}"
        );
    }
    let mut parser = Parser::new(1000, 0);
    let response = b"HTTP/1.1 302 Found\r\nLocation: /a\r\n\t b\r\nContent-Length: 0\r\n\r\n";
    let mut location = None;
    let take = |piece: Piece<'_>| {
        if let Piece::Head(head) = piece {
            location = head.location.clone();
        }
        Ok::<_, Error>(())
    };
    parser.feed(response, take).unwrap();
    assert_eq!(location.as_deref(), Some("/a b"));
}

#[test]
fn the_answer_to_head_has_no_body() {
    let mut parser = Parser::new(1000, 1).for_head();
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    parser.feed(response, |_| Ok::<_, Error>(())).unwrap();
    assert!(parser.is_over());
}

#[test]
fn what_is_wrong_is_named() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200));
    for (response, expected) in [
        ("", "no answer"),
        ("SSH-2.0-OpenSSH\r\n", "that is not HTTP/1"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
            "the answer is cut off",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "a length that is not a number",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
            "two lengths",
        ),
        ("ICY 200 OK\r\n\r\nhello", "that is not HTTP/1"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "an unknown transfer encoding",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "two lengths",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n",
            "its body is over 50 bytes",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
            "a chunk longer than its size",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n",
            "a chunk without a size",
        ),
        (&long, "its header is over 200 bytes"),
    ] {
        assert_eq!(
            parse(response.as_bytes()),
            Err(expected.to_owned()),
            "{response}"
        );
    }
}

/// HTTP/0.9 has no header (RFC 1945, 3.1), and may have no line either.
#[test]
fn an_answer_without_a_line_is_named_for_what_it_is() {
    for (answer, expected) in [
        (&b"<html>HTTP/0.9</html>"[..], "that is not HTTP/1"),
        (b"HTTP/1.1 200 O", "the answer is cut off"),
        (b"HT", "the answer is cut off"),
        (b"", "no answer"),
    ] {
        let mut parser = Parser::new(200, 50);
        parser.feed(answer, |_| Ok::<_, Error>(())).unwrap();
        assert_eq!(parser.end().unwrap_err().to_string(), expected);
    }
}
