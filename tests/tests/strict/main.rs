//! Our reading of OpenAPI 3.0 and Swagger 2.0, held against that of openapiv3.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod reasons;
