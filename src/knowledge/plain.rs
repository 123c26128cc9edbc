//! Markdown as plain text: what a customer can read in Telegram, and what is searched.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Writes Markdown without its formatting: paragraphs apart, lists as lines, links with their address behind them, HTML and pictures
/// not at all.
pub(super) fn plain(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut links: Vec<(String, usize)> = Vec::new();
    let mut lists: Vec<Option<u64>> = Vec::new();
    let mut hidden = 0_usize;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Image { .. } | Tag::HtmlBlock) => hidden += 1,
            Event::End(TagEnd::Image | TagEnd::HtmlBlock) => hidden = hidden.saturating_sub(1),
            _ if hidden > 0 => {}
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::SoftBreak => out.push(' '),
            Event::HardBreak => out.push('\n'),
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_))
                if lists.is_empty() =>
            {
                apart(&mut out);
            }
            Event::Start(Tag::List(first)) => {
                if lists.is_empty() {
                    apart(&mut out);
                }
                lists.push(first);
            }
            Event::End(TagEnd::List(_)) => drop(lists.pop()),
            Event::Start(Tag::Item) => {
                next_line(&mut out);
                out.push_str(&"  ".repeat(lists.len().saturating_sub(1)));
                match lists.last_mut() {
                    Some(Some(number)) => {
                        out.push_str(&format!("{number}. "));
                        *number += 1;
                    }
                    _ => out.push_str("- "),
                }
            }
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => next_line(&mut out),
            Event::End(TagEnd::TableCell) => out.push_str("  "),
            Event::Start(Tag::Link { dest_url, .. }) => links.push((dest_url.into_string(), out.len())),
            Event::End(TagEnd::Link) => {
                if let Some((address, begun)) = links.pop().filter(|(address, begun)| out[*begun..] != **address) {
                    let named = begun < out.len();
                    out.push_str(&if named { format!(" ({address})") } else { address });
                }
            }
            _ => {}
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

fn next_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn apart(out: &mut String) {
    next_line(out);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_goes_and_the_words_stay() {
        for (markdown, text) in [
            ("# Title\n\nOne *two*\nthree.\n\nFour `five`.", "Title\n\nOne two three.\n\nFour five."),
            ("- a\n- b\n  - c\n\n1. x\n2. y", "- a\n- b\n  - c\n\n1. x\n2. y"),
            (
                "See [the shop](https://a.example/x) or <https://b.example>.",
                "See the shop (https://a.example/x) or https://b.example.",
            ),
            ("<script>alert(1)</script>\n\nhello ![picture](x.png)<br>", "hello"),
            ("```\ncode  here\n```", "code  here"),
            ("", ""),
        ] {
            assert_eq!(plain(markdown), text, "{markdown}");
        }
    }
}
