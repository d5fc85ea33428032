//! Real descriptions, lowered and held against what an independent reader counted in them.

#[cfg(test)]
mod descriptions;
#[cfg(test)]
mod large_api;
#[cfg(test)]
mod main_call;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod patterns;
#[cfg(test)]
mod places;
#[cfg(test)]
mod published;
#[cfg(test)]
mod request_examples;
#[cfg(test)]
mod styles;
#[cfg(test)]
mod traps;
