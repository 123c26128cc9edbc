//! The line under what a bot sends for an agent: the desk's, and agents' own.

use super::reader::{Reader, Section};
use crate::desk::ids::AgentName;
use crate::desk::signature::{PLACEHOLDERS, Signatures, unknown};

/// A longer one would be an advertisement.
const MOST: usize = 200;

impl<'t> Reader<'t> {
    /// Reads `signature` of `[desk]` and of each of `[[agents]]`.
    pub(super) fn signatures(&mut self, root: &Section<'_, 't>, desk: &Section<'_, 't>) -> Signatures {
        let mut signatures = Signatures { desk: self.signature(desk), ..Signatures::default() };
        for section in self.sections(root, "agents") {
            // Whoever has no name was complained of already.
            let name = section.get("name").and_then(|name| name.get_ref().as_str()).map(AgentName::from);
            if let (Some(name), Some(signature)) = (name, self.signature(&section)) {
                signatures.own.insert(name, signature);
            }
        }
        signatures
    }

    fn signature(&mut self, section: &Section<'_, 't>) -> Option<String> {
        let value = section.get("signature")?;
        // An empty one is none, where the desk has one.
        if value.get_ref().as_str().is_some_and(|text| text.trim().is_empty()) {
            return Some(String::new());
        }
        let text = self.text(section, "signature")?;
        let signature = text.get_ref().trim();
        let length = signature.encode_utf16().count();
        let what = if signature.contains(char::is_control) {
            "a signature is one line".to_owned()
        } else if length > MOST {
            format!("a signature has at most {MOST} characters, and this one has {length}")
        } else if let Some(name) = unknown(signature) {
            let known = PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}"));
            format!("a signature has no `{{{{{}}}}}`: there are {}", name.escape_debug(), known.join(" and "))
        } else {
            return Some(signature.to_owned());
        };
        self.wrong(text.span().start, what);
        None
    }
}
