//! The tools of a server: those that are generated, and those that its owner adds.

use super::tool::Tool;
use crate::operation::{Catalog, Operation};

/// The tools that a server serves: those of a generated catalogue, and hand-written ones.
///
/// ```
/// use runtime::codegen::{Catalog, Connector, Context, NoArguments, Tool};
///
/// static CATALOG: Catalog = Catalog::EMPTY;
///
/// let greet = Tool::read("greet")
///     .title("Greet")
///     .description("Returns a greeting.")
///     .handler(async |_: Context, _: NoArguments| Ok("Hello"));
/// let connector = Connector::new(&CATALOG).tool(greet);
/// ```
///
/// `main` of a generated crate runs it: `runtime::codegen::main(connector)`.
#[derive(Clone, Debug)]
pub struct Connector {
    catalog: &'static Catalog,
    tools: Vec<Tool>,
    /// The names of operations that are no tools.
    without: Vec<&'static str>,
}

/// Why a [`Connector`] cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The name of a hand-written tool is none.
    #[error("`{0}` is no name of a tool: it has 1 to 64 letters, digits, `_` and `-` of ASCII")]
    Name(&'static str),
    /// The input schema of a hand-written tool does not describe an object.
    #[error("the input schema of the tool `{0}` has to be of `type: object`")]
    Input(&'static str),
    /// The output schema of a hand-written tool does not describe an object.
    #[error("the output schema of the tool `{0}` has to be of `type: object`")]
    Output(&'static str),
    /// A tool replaces an operation that is not generated.
    #[error("the catalogue has no tool `{0}` to leave out or to replace")]
    Unknown(&'static str),
}

impl Connector {
    /// Serves the tools of a generated catalogue.
    #[must_use]
    pub fn new(catalog: &'static Catalog) -> Connector {
        Connector {
            catalog,
            tools: Vec::new(),
            without: Vec::new(),
        }
    }

    /// Adds a tool. The server does not start where a generated tool has its name: see
    /// [`Connector::replace`].
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Connector {
        self.tools.push(tool);
        self
    }

    /// Adds a tool in place of the generated one of the same name. It can call the operation behind
    /// that one.
    #[must_use]
    pub fn replace(mut self, tool: Tool) -> Connector {
        self.without.push(tool.name());
        self.tool(tool)
    }

    /// Leaves out a generated tool. Hand-written ones can still call its operation.
    #[must_use]
    pub fn without(mut self, operation: &'static Operation) -> Connector {
        self.without.push(operation.name);
        self
    }

    pub(crate) fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    /// The operations that are tools.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        let operations = self.catalog.operations.iter().copied().flatten().copied();
        operations.filter(|operation| !self.without.contains(&operation.name))
    }

    /// The operations that are tools, and the descriptors of hand-written ones.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = &'static Operation> {
        let own = self.tools.iter().map(Tool::descriptor);
        self.operations().chain(own)
    }

    /// The hand-written tools.
    pub(crate) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Checks what a server could not serve. Names that occur twice are found when the catalogue is
    /// made.
    ///
    /// # Errors
    /// Where a name or a schema is none, or a tool is to be left out that does not exist.
    pub(crate) fn check(&self) -> Result<(), ConnectorError> {
        let operations = self.catalog.operations.iter().copied().flatten();
        let names: Vec<_> = operations.map(|operation| operation.name).collect();
        if let Some(unknown) = self.without.iter().find(|name| !names.contains(name)) {
            return Err(ConnectorError::Unknown(unknown));
        }
        self.tools.iter().try_for_each(Tool::check)
    }
}

impl From<&'static Catalog> for Connector {
    fn from(catalog: &'static Catalog) -> Connector {
        Connector::new(catalog)
    }
}
