//! Which tickets a policy is for.

use serde::{Deserialize, Serialize};

use crate::desk::groups::Called;
use crate::desk::ids::{GroupId, PersonId};
use crate::desk::people::Person;
use crate::desk::tags::{Priority, Tag};
use crate::desk::ticket::Ticket;

/// A ticket with what is known around it.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Its customer, if they are known.
    pub customer: Option<&'a Person>,
    /// How its group is called, if that is known.
    pub group: Option<Called<'a>>,
}

/// Names a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerIs {
    /// By Telegram id.
    Id(PersonId),
    /// By public name, without `@`, lowercase.
    Username(String),
}

/// Names a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupIs {
    /// By id.
    Id(GroupId),
    /// By name, title or public name, lowercase.
    Name(String),
}

/// Conditions. Each that is given must hold; of its values any one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The ticket has one of these tags.
    pub tags: Vec<Tag>,
    /// Its priority.
    pub priorities: Vec<Priority>,
    /// Whose matter it is.
    pub customers: Vec<CustomerIs>,
    /// In which group.
    pub groups: Vec<GroupIs>,
    /// In which language its customer writes, ISO 639-1.
    pub languages: Vec<String>,
}

impl When {
    /// Tells whether there are no conditions, so that every ticket fits.
    pub fn is_empty(&self) -> bool {
        *self == When::default()
    }

    /// Tells the first condition that a ticket does not meet, in words; `None`: it meets all.
    pub fn unmet(&self, matter: &Matter<'_>) -> Option<String> {
        let ticket = matter.ticket;
        if !self.priorities.is_empty() && !self.priorities.contains(&ticket.priority) {
            return Some(format!("its priority is {}, not {}", ticket.priority.label(), self.priority_words()));
        }
        if !self.tags.is_empty() && !self.tags.iter().any(|tag| ticket.tags.contains(tag)) {
            return Some(format!("it has no tag {}", self.tag_words()));
        }
        if !self.customers.is_empty() && !self.customers.iter().any(|customer| is_customer(customer, matter)) {
            return Some(format!("its customer is not {}", self.customer_words()));
        }
        if !self.groups.is_empty() && !self.groups.iter().any(|group| is_group(group, matter)) {
            return Some(format!("it is not in the group {}", self.group_words()));
        }
        let language = ticket.language.as_deref();
        if !self.languages.is_empty() && !self.languages.iter().any(|one| speaks(language, one)) {
            let language = language.unwrap_or("not known");
            return Some(format!("its language is {language}, not {}", self.languages.join(" or ")));
        }
        None
    }

    /// Tells the conditions that a ticket meets, in words.
    pub fn met(&self, matter: &Matter<'_>) -> String {
        let mut words = Vec::new();
        if !self.priorities.is_empty() {
            words.push(format!("its priority is {}", matter.ticket.priority.label()));
        }
        if let Some(tag) = self.tags.iter().find(|tag| matter.ticket.tags.contains(tag)) {
            words.push(format!("it has the tag {tag}"));
        }
        if let Some(customer) = self.customers.iter().find(|customer| is_customer(customer, matter)) {
            words.push(format!("its customer is {}", customer_name(customer)));
        }
        if let Some(group) = self.groups.iter().find(|group| is_group(group, matter)) {
            words.push(format!("it is in the group {}", group_name(group)));
        }
        if !self.languages.is_empty() {
            words.push(format!("its language is {}", matter.ticket.language.as_deref().unwrap_or("not known")));
        }
        words.join(", ")
    }

    /// Tells the conditions as they would be written: `priority urgent or high, tag vip`.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        let mut add = |name: &str, value: String| {
            if !value.is_empty() {
                words.push(format!("{name} {value}"));
            }
        };
        add("priority", self.priority_words());
        add("tag", self.tag_words());
        add("customer", self.customer_words());
        add("group", self.group_words());
        add("language", self.languages.join(" or "));
        if words.is_empty() { "every ticket".to_owned() } else { words.join(", ") }
    }

    /// Tells whether these conditions hold for every ticket for which the others do, as far as that can be seen from them.
    pub fn takes_all_of(&self, other: &When) -> bool {
        fn wider<T: PartialEq>(own: &[T], other: &[T]) -> bool {
            own.is_empty() || (!other.is_empty() && other.iter().all(|value| own.contains(value)))
        }
        wider(&self.tags, &other.tags)
            && wider(&self.priorities, &other.priorities)
            && wider(&self.customers, &other.customers)
            && wider(&self.groups, &other.groups)
            && wider(&self.languages, &other.languages)
    }

    fn priority_words(&self) -> String {
        self.priorities.iter().map(|priority| priority.label()).collect::<Vec<_>>().join(" or ")
    }

    fn tag_words(&self) -> String {
        self.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }

    fn customer_words(&self) -> String {
        self.customers.iter().map(customer_name).collect::<Vec<_>>().join(" or ")
    }

    fn group_words(&self) -> String {
        self.groups.iter().map(group_name).collect::<Vec<_>>().join(" or ")
    }
}

fn customer_name(customer: &CustomerIs) -> String {
    match customer {
        CustomerIs::Id(id) => id.to_string(),
        CustomerIs::Username(name) => format!("@{name}"),
    }
}

fn group_name(group: &GroupIs) -> String {
    match group {
        GroupIs::Id(id) => id.to_string(),
        GroupIs::Name(name) => format!("\"{name}\""),
    }
}

fn is_customer(customer: &CustomerIs, matter: &Matter<'_>) -> bool {
    match customer {
        CustomerIs::Id(id) => matter.ticket.customer == Some(*id),
        CustomerIs::Username(name) => {
            let username = matter.customer.and_then(|person| person.username.as_ref());
            username.is_some_and(|username| username.to_lowercase() == *name)
        }
    }
}

fn is_group(group: &GroupIs, matter: &Matter<'_>) -> bool {
    match group {
        GroupIs::Id(id) => matter.ticket.key.group == *id,
        GroupIs::Name(name) => matter.group.is_some_and(|group| group.is(name)),
    }
}

/// `pt` is spoken by who writes `pt-BR`, not the other way round.
fn speaks(language: Option<&str>, wanted: &str) -> bool {
    let Some(language) = language else { return false };
    let (language, wanted) = (language.to_lowercase(), wanted.to_lowercase());
    language == wanted || language.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('-'))
}
