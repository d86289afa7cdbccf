//! The official Rust MCP client, in this process.

use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
        ElicitationAction, ErrorData, Implementation, ProtocolVersion,
    },
    service::{ClientInitializeError, RequestContext, RunningService, ServiceError},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use super::conformance::Requirements;

/// A connected client.
#[derive(Debug)]
pub(crate) struct RustClient(RunningService<RoleClient, Answers>);

/// Accepts every question with the same content.
#[derive(Clone, Debug)]
pub(crate) struct Answers;

impl ClientHandler for Answers {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("claviger-tests-rust", "1"))
    }

    async fn create_elicitation(
        &self,
        _request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let content = json!({ "username": "canned", "email": "canned@example.test" });
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
    }
}

impl RustClient {
    /// Connects in exactly this era.
    ///
    /// # Errors
    ///
    /// What the server's refusal became in the SDK.
    pub(crate) async fn connect(
        era: Requirements,
        url: &str,
        token: Option<&str>,
    ) -> Result<Self, Box<ClientInitializeError>> {
        // The client below the SDK wants to know whose TLS it would use, also where it speaks none.
        let _first_or_again = rustls::crypto::ring::default_provider().install_default();
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        if let Some(token) = token {
            config = config.auth_header(token);
        }
        let transport = StreamableHttpClientTransport::from_config(config);
        let mode = match era {
            Requirements::Legacy => ClientLifecycleMode::Initialize,
            Requirements::Modern => {
                ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
            }
        };
        Answers.serve_with_lifecycle(transport, mode).await.map(Self).map_err(Box::new)
    }

    /// The names of all tools.
    pub(crate) async fn tools(&self) -> Result<Vec<String>, ServiceError> {
        let tools = self.0.list_all_tools().await?;
        Ok(tools.into_iter().map(|tool| tool.name.into_owned()).collect())
    }

    /// Calls a tool, and answers its questions.
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> Result<CallToolResult, ServiceError> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        self.0.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await
    }
}
