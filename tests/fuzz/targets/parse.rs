//! Any text goes through the lexer and the parser without a panic; every token and every problem points into the
//! text; what parses prints to a text that parses to the same tree, and that text prints to itself.

#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

#[path = "../../../src/error.rs"]
mod error;

mod kql;
mod table;

fuzz_target!(|text: &str| {
    let (tokens, _) = kql::lex::lex(text);
    assert!(tokens.iter().all(|token| text.get(token.span.start..token.span.end).is_some()), "a token outside");
    match kql::parse(text) {
        Err(problems) => {
            for problem in problems {
                problem.render("query", text, false);
            }
        }
        Ok(tree) => {
            let printed = kql::print::print(&tree);
            let again = kql::parse(&printed).unwrap_or_else(|_| panic!("does not parse again:\n{printed}"));
            let twice = kql::print::print(&again);
            assert!(printed == twice, "prints differently the second time:\n{printed}\n---\n{twice}");
        }
    }
});
