//! Articles of the knowledge base, and what is found among them. All text in here was made safe where it entered (`knowledge`).

use serde::{Deserialize, Serialize};

/// An article of the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Its file, from the folder on.
    pub file: String,
    /// What it is called.
    pub title: String,
    /// Where customers can read it.
    pub url: Option<String>,
    /// ISO 639-1; `None`: for everybody.
    pub language: Option<String>,
    /// Words under which it is found besides those it contains.
    pub tags: Vec<String>,
    /// What it says, without its formatting.
    pub text: String,
}

impl Article {
    /// Tells whether it is in a language; one without a language is in all of them.
    pub fn speaks(&self, language: &str) -> bool {
        self.language.as_deref().is_none_or(|own| same_language(own, language))
    }
}

/// Tells whether two codes name one language: `pt-BR` is `pt` as well.
pub fn same_language(one: &str, other: &str) -> bool {
    let main = |code: &str| code.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    main(one) == main(other)
}

/// What a webhook proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// What it is called.
    pub title: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// A part of it.
    pub snippet: String,
    /// How well it fits, from 0 to 1.
    pub score: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_without_a_language_is_for_everybody() {
        for (own, asked, speaks) in
            [(None, "uk", true), (Some("uk"), "uk", true), (Some("pt"), "pt-BR", true), (Some("en"), "ru", false)]
        {
            let article = Article { language: own.map(str::to_owned), ..Article::default() };
            assert_eq!(article.speaks(asked), speaks, "{own:?} {asked}");
        }
    }
}
