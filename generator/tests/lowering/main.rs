//! Lowering, idea by idea: one tiny description each.

#[cfg(test)]
mod aliases;
#[cfg(test)]
mod arguments;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod compositions;
#[cfg(test)]
mod definitions;
#[cfg(test)]
mod discriminators;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod files;
#[cfg(test)]
mod names;
#[cfg(test)]
mod one_way;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod responses;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod security;
#[cfg(test)]
mod shortening;
#[cfg(test)]
mod support;
#[cfg(test)]
mod swagger;
#[cfg(test)]
mod unevaluated;
#[cfg(test)]
mod unions;
#[cfg(test)]
mod values;
#[cfg(test)]
mod x_mcp;
