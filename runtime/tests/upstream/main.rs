//! Calls against servers that answer byte by byte as configured.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod diagnosis;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wire;
