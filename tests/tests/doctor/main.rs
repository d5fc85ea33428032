//! `doctor` in deployments that are broken on purpose: it names the fault and its remedy.

mod deployment;
mod front;
mod health;
mod inside;
mod outside;
mod provider;
mod tls;
