//! The index of the knowledge base's articles. It is nowhere but in memory: the folder is what counts, and reading it again is quick.

use rusqlite::{Connection, params};

use super::Result;
use crate::desk::article::{Article, same_language};
use crate::desk::question::Term;

/// Articles, and the index over them.
#[derive(Debug)]
pub struct Articles {
    connection: Connection,
    articles: Vec<Article>,
}

/// An article that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Match<'a> {
    /// The article.
    pub article: &'a Article,
    /// A part of it in which the words stand.
    pub snippet: String,
    /// How well it fits, from 0 to 1; to be compared with others of the same search.
    pub score: f64,
}

/// What fits so much less than the best is not shown.
const LEAST: f64 = 0.3;
/// The weight at which an article is said to fit by half.
const HALF: f64 = 4.0;

impl Articles {
    /// Indexes articles.
    ///
    /// # Errors
    /// SQLite's.
    pub fn of(articles: Vec<Article>) -> Result<Articles> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE VIRTUAL TABLE articles USING fts5(title, tags, text, tokenize = 'unicode61 remove_diacritics 2')",
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO articles (rowid, title, tags, text) VALUES (?1, ?2, ?3, ?4)")?;
            for (row, article) in articles.iter().enumerate() {
                insert.execute(params![row as i64, article.title, article.tags.join(" "), article.text])?;
            }
        }
        transaction.commit()?;
        Ok(Articles { connection, articles })
    }

    /// Tells how many there are.
    pub fn len(&self) -> usize {
        self.articles.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.articles.is_empty()
    }

    /// Finds articles that contain some of the terms, best first. Those in the first of the `languages` that has any come before all
    /// others; those in none of them come last. Without languages all are alike.
    ///
    /// # Errors
    /// SQLite's.
    pub fn find(&self, terms: &[Term], languages: &[&str], limit: usize) -> Result<Vec<Match<'_>>> {
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        // Terms are letters and digits only: in quotes, nothing in them is FTS5's language.
        let quoted: Vec<String> =
            terms.iter().map(|term| format!("\"{}\"{}", term.word, if term.open { "*" } else { "" })).collect();
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid, bm25(articles, 6.0, 5.0, 1.0), snippet(articles, 2, '', '', '…', 28)
             FROM articles WHERE articles MATCH ?1 ORDER BY 2 LIMIT 100",
        )?;
        let rows = statement.query_map([quoted.join(" OR ")], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, String>(2)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (row, rank, snippet) = row?;
            let Some(article) = usize::try_from(row).ok().and_then(|row| self.articles.get(row)) else { continue };
            let place = match &article.language {
                None => 0,
                Some(own) => languages.iter().position(|wanted| same_language(own, wanted)).unwrap_or(languages.len()),
            };
            let weight = -rank;
            found.push((place, Match { article, snippet: line(&snippet), score: weight / (weight + HALF) }));
        }
        found.sort_by(|(place, one), (other_place, other)| {
            place
                .cmp(other_place)
                .then(other.score.total_cmp(&one.score))
                .then(one.article.file.cmp(&other.article.file))
        });
        // Between languages weights say little: an article is measured by the best of its own.
        let best =
            |place: usize| found.iter().filter(|(own, _)| *own == place).map(|(_, one)| one.score).fold(0.0, f64::max);
        let bests: Vec<f64> = (0..=languages.len()).map(best).collect();
        let fits = |(place, one): &(usize, Match<'_>)| one.score >= LEAST * bests.get(*place).copied().unwrap_or(0.0);
        Ok(found.into_iter().filter(fits).take(limit).map(|(_, one)| one).collect())
    }
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
