//! Sign-in through public interfaces: a real server on SQLite, a scripted browser, a clock that is
//! set by the test.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod activity;
#[cfg(test)]
mod agents;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod enterprise;
#[cfg(test)]
mod every_nth;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod export;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod identity_provider;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod key_service;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod log;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod mint;
#[cfg(test)]
mod mint_intents;
#[cfg(test)]
mod names;
#[cfg(test)]
mod oauth_client;
#[cfg(test)]
mod opened;
#[cfg(test)]
mod openid;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod presets;
#[cfg(test)]
mod provider_safeguards;
#[cfg(test)]
mod provider_table;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod resource;
#[cfg(test)]
mod safeguards;
#[cfg(test)]
mod search_mode;
#[cfg(test)]
mod set_back;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod single_sign_on;
#[cfg(test)]
mod site;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod store_files;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tenancy;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod uploads;
#[cfg(test)]
mod usage;
