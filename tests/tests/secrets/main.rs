//! No secret is left anywhere but with those whose it is: a whole story is lived, with every
//! mistake that puts a secret in a wrong place, and then the database, the logs and all error
//! bodies are searched for each secret that was met on the way.

#[cfg(test)]
mod keeper;
#[cfg(test)]
mod story;
