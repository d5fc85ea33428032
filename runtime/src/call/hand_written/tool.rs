//! A hand-written tool, and how it is described.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::IntoAnswer;
use super::connector::ConnectorError;
use super::context::Context;
use crate::call::{CallError, ErrorKind};
use crate::operation::{Access, Operation, Schema};
use crate::upstream::Answer;

/// The longest name of a tool.
const LONGEST_NAME: usize = 64;

type Answering = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;
type Handler = dyn Fn(Context, Map<String, Value>) -> Answering + Send + Sync;

/// A tool that is written in Rust. It is listed, described, found, approved, limited, recorded and
/// called as a generated one is.
#[derive(Clone)]
pub struct Tool {
    descriptor: &'static Operation,
    wrapped: Option<&'static Operation>,
    writes_for_readers: bool,
    handler: Arc<Handler>,
}

impl fmt::Debug for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tool = formatter.debug_struct("Tool");
        tool.field("name", &self.name()).finish_non_exhaustive()
    }
}

/// The arguments of a tool that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

/// A tool whose handler is still to be named.
#[derive(Debug)]
#[must_use = "it is a tool once it has a handler"]
pub struct ToolBuilder {
    descriptor: Operation,
    /// The operation whose arguments the tool takes.
    wrapped: Option<&'static Operation>,
    has_input: bool,
    writes_for_readers: bool,
}

impl Tool {
    /// Begins a tool that only reads. Every connection may call it.
    pub fn read(name: &'static str) -> ToolBuilder {
        ToolBuilder::new(name, Access::Read)
    }

    /// Begins a tool that may change something. Read-only connections neither see nor call it.
    pub fn write(name: &'static str) -> ToolBuilder {
        ToolBuilder::new(name, Access::Write)
    }

    /// Begins a tool that is described as a generated one: name, texts, hints, cost and schemas are
    /// those of `operation`. Its handler takes the arguments as they came and can call the operation
    /// with them. [`Connector::replace`](super::Connector::replace) puts it in the place of the
    /// generated one.
    pub fn wrap(operation: &'static Operation) -> ToolBuilder {
        ToolBuilder {
            descriptor: Operation {
                method: "",
                path: "",
                aliases: operation.aliases,
                phrases: operation.phrases,
                tags: operation.tags,
                operation_id: operation.operation_id,
                brief: operation.brief,
                long_answers: operation.long_answers,
                destructive: operation.destructive,
                idempotent: operation.idempotent,
                pinned: operation.pinned,
                cost: operation.cost,
                open_world: operation.open_world,
                input: operation.input,
                published: operation.published,
                output: operation.output,
                published_output: operation.published_output,
                title: operation.title,
                description: operation.description,
                name: operation.name,
                access: operation.access,
                ..Operation::BASE
            },
            wrapped: Some(operation),
            has_input: true,
            writes_for_readers: false,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.descriptor.name
    }

    pub(crate) fn descriptor(&self) -> &'static Operation {
        self.descriptor
    }

    /// The operation whose arguments the tool takes, where it has those of one.
    pub(in crate::call) fn wrapped(&self) -> Option<&'static Operation> {
        self.wrapped
    }

    pub(super) fn access(&self) -> Access {
        self.descriptor.access
    }

    pub(super) fn writes_for_readers(&self) -> bool {
        self.writes_for_readers
    }

    pub(super) fn handle(&self, context: Context, arguments: Map<String, Value>) -> Answering {
        (self.handler)(context, arguments)
    }

    pub(super) fn check(&self) -> Result<(), ConnectorError> {
        let name = self.name();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
            return Err(ConnectorError::Name(name));
        }
        if !is_of_objects(&self.descriptor.input) {
            return Err(ConnectorError::Input(name));
        }
        match &self.descriptor.output {
            Some(output) if !is_of_objects(output) => Err(ConnectorError::Output(name)),
            _ => Ok(()),
        }
    }
}

impl ToolBuilder {
    fn new(name: &'static str, access: Access) -> ToolBuilder {
        ToolBuilder {
            descriptor: Operation {
                name,
                title: name,
                method: "",
                path: "",
                access,
                idempotent: access == Access::Read,
                ..Operation::BASE
            },
            wrapped: None,
            has_input: false,
            writes_for_readers: false,
        }
    }

    /// The name that people read.
    pub fn title(mut self, title: &'static str) -> ToolBuilder {
        self.descriptor.title = title;
        self
    }

    /// What the model reads of the tool: what it does, and when to call it.
    pub fn description(mut self, description: &'static str) -> ToolBuilder {
        self.descriptor.description = description;
        self.descriptor.brief = None;
        self
    }

    /// Phrases that people use for what the tool does, which search finds.
    pub fn phrases(mut self, phrases: &'static [&'static str]) -> ToolBuilder {
        self.descriptor.phrases = phrases;
        self
    }

    /// Tags of the description that the tool belongs to. Search groups tools by the first one.
    pub fn tags(mut self, tags: &'static [&'static str]) -> ToolBuilder {
        self.descriptor.tags = tags;
        self
    }

    /// A call may destroy something (`destructiveHint`).
    pub fn destructive(mut self) -> ToolBuilder {
        self.descriptor.destructive = true;
        self
    }

    /// A repeated call changes nothing more (`idempotentHint`). Tools that read have the hint.
    pub fn idempotent(mut self) -> ToolBuilder {
        self.descriptor.idempotent = true;
        self
    }

    /// Whether a call may reach people or systems beyond the API (`openWorldHint`). Without this, a
    /// tool has the hint if it may change something.
    pub fn open_world(mut self, is_open: bool) -> ToolBuilder {
        self.descriptor.open_world = Some(is_open);
        self
    }

    /// Search mode lists the tool beside its own.
    pub fn pinned(mut self) -> ToolBuilder {
        self.descriptor.pinned = true;
        self
    }

    /// What a call counts in the quota of its workspace, however many operations the handler calls: 1
    /// without this. A call that sends nothing to the API counts as nothing.
    pub fn cost(mut self, cost: u32) -> ToolBuilder {
        self.descriptor.cost = cost;
        self
    }

    /// Lets the handler call operations that change something also for read-only connections. That
    /// is for what is made once, and is no change in the eyes of a person.
    pub fn writes_for_readers(mut self) -> ToolBuilder {
        self.writes_for_readers = true;
        self
    }

    /// The input schema, in place of the one of the handler's arguments: JSON Schema 2020-12 of
    /// `type: object`.
    pub fn input(mut self, schema: &Value) -> ToolBuilder {
        self.descriptor.input = kept(schema);
        self.descriptor.published = None;
        self.wrapped = None;
        self.has_input = true;
        self
    }

    /// Publishes the schema of `T` as the output schema. The handler has to return values of it, and
    /// they have to be objects.
    pub fn output<T: JsonSchema>(mut self) -> ToolBuilder {
        self.descriptor.output = Some(kept(&schema_of::<T>()));
        self.descriptor.published_output = None;
        self
    }

    /// Names the function that answers the calls. Its arguments are checked against the input schema
    /// before, which is that of `I` unless [`ToolBuilder::input`] names another.
    ///
    /// A panic is an error of the kind `internal`. The call of a tool that may change something runs
    /// to its end even where the client stops waiting; that of one that reads is dropped.
    pub fn handler<H, I, A, F>(self, handler: H) -> Tool
    where
        H: Fn(Context, I) -> F + Send + Sync + 'static,
        I: DeserializeOwned + JsonSchema + Send + 'static,
        F: Future<Output = Result<A, CallError>> + Send + 'static,
        A: IntoAnswer + 'static,
    {
        let mut descriptor = self.descriptor;
        if !self.has_input {
            descriptor.input = kept(&schema_of::<I>());
        }
        let handler = Arc::new(handler);
        let handler = move |context: Context, arguments: Map<String, Value>| -> Answering {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let input = I::deserialize(Value::Object(arguments));
                let input = input.map_err(|error| {
                    let message = format!("The arguments do not fit: {error}.");
                    context.error(ErrorKind::InvalidArguments, message)
                })?;
                let answer = handler(context.clone(), input).await?.into_answer();
                answer.map_err(|error| {
                    tracing::error!(request_id = context.request_id(), %error, "no JSON");
                    let message = "This server failed in writing the answer.";
                    context.error(ErrorKind::Internal, message)
                })
            })
        };
        Tool {
            // Tools are made once, and last as long as the program.
            descriptor: Box::leak(Box::new(descriptor)),
            wrapped: self.wrapped,
            writes_for_readers: self.writes_for_readers,
            handler: Arc::new(handler),
        }
    }
}

/// Returns true where the root of a schema is `type: object`, as MCP asks of both schemas of a tool.
fn is_of_objects(schema: &Schema) -> bool {
    let schema: Option<Value> = serde_json::from_str(schema.json).ok();
    schema.is_some_and(|schema| schema.get("type") == Some(&"object".into()))
}

/// The schema of a type, without the name of the type.
fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.to_value()
}

/// A schema as generated code holds it: a text that lasts as long as the program.
fn kept(schema: &Value) -> Schema {
    Schema {
        json: schema.to_string().leak(),
        definitions: &[],
    }
}
