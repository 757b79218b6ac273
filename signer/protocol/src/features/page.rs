//! What is on, as a page.

use std::fmt::Write as _;

use countersign_userop::{AccountKind, SignableKind};

use super::{ChainFeatures, Features, may_name_a_chain, may_name_no_chain};

const HEAD: &str = "\
# Features

What the example file of features switches on: chains x signing requests x account kinds x sponsorship. Everything else
is off, and a request outside is refused by the rule `feature` with the name of its flag. This page is made by
`cosigner features --markdown features.example.toml`; what a running machine has on, its own file says.

";

impl Features {
    /// The page that says what is on: a row a flag, a column a chain.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = HEAD.to_owned();
        let mut row = |name: &str, cells: Vec<&str>| {
            // Writing into a string cannot fail.
            let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
        };
        let names: Vec<String> =
            self.chains.iter().map(|chain| format!("chain {}", chain.id)).collect();
        let columns = std::iter::once("everywhere").chain(names.iter().map(String::as_str));
        row("flag", columns.collect());
        row("---", vec!["---"; self.chains.len().saturating_add(1)]);
        for kind in SignableKind::ALL {
            let everywhere = cell(may_name_no_chain(kind), self.everywhere.contains(&kind));
            let on = |chain: &ChainFeatures| {
                cell(may_name_a_chain(kind), chain.requests.contains(&kind))
            };
            let cells = std::iter::once(everywhere).chain(self.chains.iter().map(on));
            row(&format!("`requests.{kind}`"), cells.collect());
        }
        for kind in [AccountKind::Countersign, AccountKind::SimpleAccount] {
            let on = |chain: &ChainFeatures| cell(true, chain.accounts.contains(&kind));
            let cells = std::iter::once("").chain(self.chains.iter().map(on));
            row(&format!("`accounts.{kind}`"), cells.collect());
        }
        let on = |chain: &ChainFeatures| cell(true, chain.sponsorship);
        row("`sponsorship`", std::iter::once("").chain(self.chains.iter().map(on)).collect());
        page
    }
}

const fn cell(applies: bool, on: bool) -> &'static str {
    match (applies, on) {
        (false, _) => "",
        (true, true) => "**on**",
        (true, false) => "off",
    }
}
