//! Texts that look like env files, for whoever wants to read some.

use proptest::prelude::*;
use proptest::sample::select;

/// Pieces of env files that mean something, and anything else.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let name = || select(vec!["A", "B", "SET", "EMPTY", "NONE", "c.d-e[0]", "1F", "é", "_"]);
    let rare = vec!["\u{a0}", "\r", "\u{b}", "\u{85}", "\u{2003}", "\n"];
    let space = move || prop_oneof![20 => select(vec!["", "", " ", "\t", "  "]), 1 => select(rare.clone())];
    let separator = (space(), select(vec!["=", "=", "=", "=", "=", "=", ":", ":", "==", "\n", ""]), space())
        .prop_map(|(before, separator, after)| format!("{before}{separator}{after}"));
    let good = vec!["", "", ":-", ":-", "-", "-", ":+", "+"];
    let operator = prop_oneof![12 => select(good), 2 => select(vec![":?", "?"]), 1 => select(vec![":", "=", "/"])];
    let argument = prop_oneof![
        9 => select(vec!["", "x", "${A}", "$B", "{x}", "a}b", "${NONE:-${SET}}"]),
        1 => select(vec!["{}", "\n", "${", "${NONE:?}"]),
    ];
    let expression =
        (name(), operator, argument).prop_map(|(name, operator, argument)| format!("${{{name}{operator}{argument}}}"));
    let dollar = prop_oneof![
        12 => expression,
        4 => name().prop_map(|name| format!("${name}")),
        4 => select(vec!["$$", "$", "$1", "$(x)", "\\$A", "${\u{17f}:-x}", "$\u{212a}"]).prop_map(str::to_owned),
        1 => select(vec!["${", "${}"]).prop_map(str::to_owned),
    ];
    let word = select(vec![
        "x", "word", "#", " #", " # c", "'", "\"", "\\", "\\'", "\\\"", "\\n", "\\t", "\\\\", "\\0", "\\0101",
        "\\0400", "\\08", "\\c", "\\x", "=", ":", "!", " ", "\t", "\r", "é", "}", "{", "\u{feff}", "\u{0}",
    ])
    .prop_map(str::to_owned);
    let piece = prop_oneof![3 => word, 2 => dollar, 2 => "[a-z0-9]{1,5}"];
    let inner = prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    let value = (inner, select(vec!["", "", "'", "\"", "\""]), prop::bool::weighted(0.95))
        .prop_map(|(inner, quote, is_closed)| format!("{quote}{inner}{}", if is_closed { quote } else { "" }));
    let export = prop_oneof![
        6 => Just(""),
        3 => select(vec!["export ", "export\t", "export  "]),
        1 => select(vec!["export", "export\n", "export\u{a0}"]),
    ];
    let end = prop_oneof![
        9 => select(vec!["\n", "\n", "\r\n", " # c\n", "#\n", "\n\n", "\n# c\n"]),
        1 => select(vec!["", " ", "\r"]),
    ];
    let statement =
        (space(), export, name(), separator, value, end).prop_map(|(space, export, name, separator, value, end)| {
            format!("{space}{export}{name}{separator}{value}{end}")
        });
    let start = select(vec!["", "", "", "", "\u{feff}", "# c\n", "\n", "#"]);
    let statements = prop::collection::vec(statement, 1..4).prop_map(|statements| statements.concat());
    let structured = (start, statements).prop_map(|(start, statements)| format!("{start}{statements}"));
    prop_oneof![
        9 => structured,
        1 => "[AB=: #'\"\\\\$\\{\\}?\n\r\t-]{0,24}",
    ]
}
