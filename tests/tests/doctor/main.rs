//! Deployments as seen from outside: `doctor` names the fault and its remedy where one is broken on
//! purpose, `health` says whether it is ready, and a server without a proxy speaks HTTPS.

mod certificates;
mod deployment;
mod front;
mod health;
mod https;
mod inside;
mod outside;
mod provider;
mod tls;
