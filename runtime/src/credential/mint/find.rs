//! Finding a key that was asked for by a server which died before it wrote down the answer.

use std::time::Duration;

use serde_json::Value;

use super::{MAX_VALUES, Mint, MintError, text_at};
use crate::config::FindSettings;
use crate::json;
use crate::model::Order;

/// The most pages that are read of a list of keys.
const MOST_PAGES: usize = 100;
/// How long after the first request a repeated one is certain to get the same answer: what APIs
/// promise at least that know idempotency keys.
const REPEATABLE: Duration = Duration::from_hours(24);

/// What is found of a key that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Its id at the API; several, if the API made several.
    Keys(Vec<String>),
    /// The API lists no such key, so far.
    Nothing,
    /// There is no way to find it.
    NoWay,
}

impl Mint {
    /// Whether there is a way to find a key whose id is not known.
    pub(crate) fn finds(&self) -> bool {
        self.settings.find.is_some() || self.settings.create.idempotency_header.is_some()
    }

    /// Looks for the key that was ordered so long ago.
    ///
    /// # Errors
    /// Where the API does not answer as it should, in a few words.
    pub(super) async fn look_for(
        &self,
        order: &Order,
        age: Duration,
        request_id: &str,
    ) -> Result<Lookup, String> {
        if let Some(find) = &self.settings.find {
            let keys = self.list(find, order, request_id).await?;
            return Ok(match keys.is_empty() {
                true => Lookup::Nothing,
                false => Lookup::Keys(keys),
            });
        }
        let repeats = self.settings.create.idempotency_header.is_some();
        if !repeats || age >= REPEATABLE {
            return Ok(Lookup::NoWay);
        }
        match self.create(order, request_id).await {
            Ok(minted) => Ok(Lookup::Keys(vec![minted.id])),
            Err(MintError::Unread { id: Some(id), .. }) => Ok(Lookup::Keys(vec![id])),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The ids of the keys that the API lists for an order.
    async fn list(
        &self,
        find: &FindSettings,
        order: &Order,
        request_id: &str,
    ) -> Result<Vec<String>, String> {
        let mut keys = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let values = [
                ("name", order.name.clone()),
                ("workspace", order.workspace.clone().unwrap_or_default()),
                ("grant", order.grant.clone()),
                ("cursor", cursor.clone()),
            ];
            let request = self.request(&find.request, None, &values, request_id);
            let request = request.ok_or("the list of keys has no path")?;
            let incoming = self.client.send(request).await;
            let incoming = incoming.map_err(|failure| super::reason(&failure))?;
            if !incoming.status.is_success() {
                return Err(format!("the list of keys: {}", incoming.status));
            }
            let page = json::parse(&incoming.body, MAX_VALUES)
                .map_err(|error| format!("the list of keys: {error}"))?;
            keys.extend(ours(find, &page, &order.grant)?);
            let next = find.next.as_ref().and_then(|next| text_at(&page, next));
            match next {
                Some(next) if next != cursor => cursor = next,
                _ => return Ok(keys),
            }
        }
        Err(format!("the list of keys has more than {MOST_PAGES} pages"))
    }
}

/// The ids of the keys on a page that were made for a grant.
fn ours(find: &FindSettings, page: &Value, grant: &str) -> Result<Vec<String>, String> {
    let items = match &find.items {
        Some(items) => page.pointer(&items.0),
        None => Some(page),
    };
    let items = items.and_then(Value::as_array);
    let items = items.ok_or("the answer has no list of keys where it should be")?;
    let named = items.iter().filter(|item| {
        let text = text_at(item, &find.grant);
        text.is_some_and(|text| text.contains(grant))
    });
    named
        .map(|item| text_at(item, &find.id).ok_or("a key in the list has no id".to_owned()))
        .collect()
}
