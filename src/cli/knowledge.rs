//! `topicdesk knowledge`: searches the articles, and says what is wrong with them. Also puts the knowledge base together for a desk.

use std::io::{Write, stdout};
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::Global;
use super::failure::{Done, FAILED, Failure};
use super::site::{Site, say};
use super::table;
use crate::config::Config;
use crate::desk::language;
use crate::desk::question::{Question, terms};
use crate::engine::shelf::Consulted;
use crate::engine::views::{Source, Suggestion};
use crate::knowledge::Setup;
use crate::knowledge::folder::Folder;
use crate::knowledge::lint::{self, Weight};
use crate::knowledge::webhook::{Bounds, Webhook};
use crate::store::articles::Articles;

/// So many articles of each source are listed.
const LISTED: usize = 10;

#[derive(Args)]
pub(super) struct KnowledgeArgs {
    #[command(subcommand)]
    command: KnowledgeCommand,
}

#[derive(Subcommand)]
enum KnowledgeCommand {
    /// Find articles, as they would be suggested for a ticket that asks this; asks the webhook too
    Search {
        /// The question
        #[arg(required = true)]
        text: Vec<String>,
        /// Articles of this language first; absent: the question's own
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
        /// Only the folder: nothing is sent to the webhook
        #[arg(long)]
        local: bool,
    },
    /// Look for articles that are broken, empty, without a title, too long, or called alike
    Lint,
}

pub(super) async fn run(global: &Global, args: KnowledgeArgs) -> Done {
    let site = Site::find(global)?;
    match args.command {
        KnowledgeCommand::Search { text, language, local } => search(&site, text.join(" "), language, local).await,
        KnowledgeCommand::Lint => lint(&site),
    }
}

/// Makes of `desk.toml` what the knowledge base needs.
pub(super) fn setup(config: &Config) -> Done<Setup> {
    let said = &config.knowledge;
    let webhook = said.webhook.as_ref().map(|webhook| {
        let header = webhook.header.as_ref().map(|(name, secret)| (name.as_str(), secret.expose()));
        let bounds = Bounds {
            timeout: webhook.timeout,
            retries: webhook.retries,
            cache: webhook.cache,
            max_bytes: webhook.max_bytes,
        };
        Webhook::new(&webhook.url, header, bounds)
            .map_err(|error| Failure::usage(format!("{}: {error}", webhook.place)))
    });
    Ok(Setup { folder: said.folder.clone(), webhook: webhook.transpose()? })
}

/// Tells the engine what there is to ask.
pub(super) fn consulted(config: &Config) -> Consulted {
    let said = &config.knowledge;
    Consulted { folder: said.folder.is_some(), webhook: said.webhook.is_some(), languages: said.languages.clone() }
}

/// Puts the articles of the demo's shop into the demo's folder; tells the lines of `desk.toml` that name them.
#[cfg(feature = "sandbox")]
pub(super) fn shop(demo: &Path) -> Done<&'static str> {
    let folder = demo.join("articles");
    let cannot = |error| Failure::error(format!("{}: cannot be written: {error}", folder.display()));
    if !folder.exists() {
        std::fs::create_dir(&folder).map_err(cannot)?;
        for (name, text) in crate::knowledge::shop::SHOP {
            std::fs::write(folder.join(name), text).map_err(cannot)?;
        }
    }
    Ok("\n[knowledge]\nfolder = \"articles\"\n")
}

fn no_knowledge(site: &Site) -> Failure {
    let file = site.paths.config.display();
    Failure::usage(format!("there are no articles: name their `folder` under [knowledge] in {file}"))
}

async fn search(site: &Site, text: String, language: Option<String>, local: bool) -> Done {
    let Setup { folder, webhook } = setup(&site.config)?;
    let webhook = webhook.filter(|_| !local);
    if folder.is_none() && webhook.is_none() {
        return Err(no_knowledge(site));
    }
    let language = language.or_else(|| language::guess(&text).map(str::to_owned));
    let mut found = Vec::new();
    let mut failed = None;
    if let Some(path) = folder {
        match of_folder(site, &path, &text, language.as_deref()) {
            Ok(all) => found.extend(all),
            Err(why) => failed = Some(why),
        }
    }
    if let Some(webhook) = webhook {
        let question = Question { language, text, ..Question::default() };
        match webhook.ask(&question).await {
            Ok(offers) => found.extend(offers.into_iter().take(LISTED).map(|offer| Suggestion {
                title: offer.title,
                url: offer.url,
                text: offer.snippet.clone(),
                snippet: offer.snippet,
                score: offer.score,
                source: Source::Webhook,
                language: None,
                file: None,
            })),
            Err(why) => failed = Some(why),
        }
    }
    if site.json {
        writeln!(stdout(), "{}", serde_json::to_string_pretty(&found)?)?;
    } else if found.is_empty() {
        if failed.is_none() {
            say("nothing found");
        }
    } else {
        let row = |one: &Suggestion| {
            let place = one.url.clone().or(one.file.clone()).unwrap_or_default();
            let score = format!("{:.0}", one.score * 100.0);
            vec![score, one.source.title().to_owned(), one.title.clone(), place, one.snippet.clone()]
        };
        let rows: Vec<Vec<String>> = found.iter().map(row).collect();
        table::write(&mut stdout().lock(), &["FITS", "FROM", "TITLE", "WHERE", "TEXT"], &rows, table::width())?;
    }
    match failed {
        Some(why) => Err(Failure::error(why)),
        None => Ok(()),
    }
}

fn of_folder(site: &Site, path: &Path, text: &str, language: Option<&str>) -> Result<Vec<Suggestion>, String> {
    let mut folder = Folder::new(path.to_owned());
    folder.look(true).map_err(|error| format!("{}: {error}", path.display()))?;
    if !folder.mistakes().is_empty() {
        let files = table::count(folder.mistakes().len(), "file is", "files are");
        say(&format!("{files} left out: topicdesk knowledge lint says why"));
    }
    let articles = Articles::of(folder.articles()).map_err(|error| error.to_string())?;
    let languages: Vec<&str> =
        language.into_iter().chain(site.config.knowledge.languages.iter().map(String::as_str)).collect();
    let found = articles.find(&terms(text), &languages, LISTED).map_err(|error| error.to_string())?;
    let suggestion = found.into_iter().map(|one| Suggestion {
        title: one.article.title.clone(),
        url: one.article.url.clone(),
        snippet: one.snippet,
        score: one.score,
        source: Source::Folder,
        language: one.article.language.clone(),
        file: Some(one.article.file.clone()),
        text: one.article.text.clone(),
    });
    Ok(suggestion.collect())
}

fn lint(site: &Site) -> Done {
    let path = site.config.knowledge.folder.clone().ok_or_else(|| no_knowledge(site))?;
    let shown = path.display().to_string();
    let (articles, findings) =
        lint::lint(path).map_err(|error| Failure::error(format!("{shown}: cannot be read: {error}")))?;
    let errors = findings.iter().filter(|one| one.weight == Weight::Error).count();
    if site.json {
        let told = json!({"articles": articles, "errors": errors, "findings": findings});
        writeln!(stdout(), "{told:#}")?;
    } else {
        let mut out = stdout().lock();
        for one in &findings {
            let word = if one.weight == Weight::Error { "error" } else { "warning" };
            let line = format!("{}:{}:{}: {word}: {}", one.file, one.line, one.column, one.what);
            writeln!(out, "{}", table::safe(&line).replace('\n', " "))?;
        }
        let warnings = table::count(findings.len() - errors, "warning", "warnings");
        let (articles, bad) = (table::count(articles, "article", "articles"), table::count(errors, "error", "errors"));
        writeln!(out, "{articles}, {bad}, {warnings}")?;
    }
    if errors == 0 { Ok(()) } else { Err(Failure { code: FAILED, message: String::new() }) }
}

/// How folder or webhook is, for `doctor`: a sentence, or what is wrong and what to do.
pub(super) struct Health {
    /// What was looked at and found.
    pub(super) what: String,
    /// What to do; `None`: all is well.
    pub(super) how: Option<String>,
    /// The desk cannot use it at all.
    pub(super) broken: bool,
}

/// Looks whether folder and webhook can be reached. The webhook is asked a question that says what it is.
pub(super) async fn health(config: &Config) -> Vec<Health> {
    let Setup { folder, webhook } = match setup(config) {
        Ok(setup) => setup,
        Err(failure) => {
            let how = Some("mend [knowledge.webhook] in desk.toml".to_owned());
            return vec![Health { what: failure.message, how, broken: true }];
        }
    };
    let mut all = Vec::new();
    if folder.is_none() && webhook.is_none() {
        let what = "no articles are suggested: [knowledge] names neither folder nor webhook".to_owned();
        return vec![Health { what, how: None, broken: false }];
    }
    if let Some(path) = folder {
        let shown = path.display().to_string();
        let mut folder = Folder::new(path);
        all.push(match folder.look(true) {
            Ok(_) => {
                let (articles, mistakes) = (folder.articles().len(), folder.mistakes().len());
                let articles = table::count(articles, "article", "articles");
                let files = table::count(mistakes, "file", "files");
                let what = format!("{shown}: {articles}, {files} left out");
                let how = (mistakes > 0).then(|| "topicdesk knowledge lint says why".to_owned());
                Health { what, how, broken: false }
            }
            Err(error) => {
                let what = format!("{shown}: cannot be read: {error}");
                Health { what, how: Some("make it, or mend `folder` under [knowledge]".to_owned()), broken: true }
            }
        });
    }
    if let Some(webhook) = webhook {
        let text = "This is topicdesk doctor: is anybody there?".to_owned();
        let question = Question { text, language: Some("en".to_owned()), ..Question::default() };
        all.push(match webhook.ask(&question).await {
            Ok(offers) => {
                let what =
                    format!("{} answers, with {}", webhook.host(), table::count(offers.len(), "article", "articles"));
                Health { what, how: None, broken: false }
            }
            Err(why) => {
                let how = Some("until then the desk suggests without it".to_owned());
                Health { what: why, how, broken: true }
            }
        });
    }
    all
}
