use serde_json::{Map, Value, json};

use super::{LINKS_MAX, Scope};

/// A message (RFC 5322). One with UTF-8 in its header (RFC 6532) may call itself `message/global`.
pub(super) const MESSAGE: &str = "message/rfc822";
pub(super) const JSON: &str = "application/json";

/// One thing that can be asked for. What is written here is what is served, checked and described.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    /// Which scope a token needs; also which operation it is.
    pub(super) scope: Scope,
    /// What the body is.
    pub(super) media: &'static str,
    /// What may stand behind the question mark.
    pub(super) query: &'static [&'static str],
    summary: &'static str,
    description: &'static str,
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/v1/rewrite",
        scope: Scope::Rewrite,
        media: MESSAGE,
        query: &["tenant", "recipient", "sender"],
        summary: "Sign the links of a message",
        description: "200 means that the wrap log holds every link of the message: only then may it go on. For anything \
                      else but 422 the message is kept and sent again later. Asked for with `Accept: application/json`, \
                      the answer tells what became of each link.",
    },
    Operation {
        path: "/v1/restore",
        scope: Scope::Restore,
        media: MESSAGE,
        query: &["tenant"],
        summary: "Put the original links back into a message",
        description: "For outgoing mail, before it is signed with DKIM. Links that we did not sign stay as they are.",
    },
    Operation {
        path: "/v1/decode",
        scope: Scope::Decode,
        media: JSON,
        query: &[],
        summary: "Read links: where each goes, whose it is, and whether it is ours",
        description: "One row for each link, in the order in which they were asked for.",
    },
];

/// The document of the API (OpenAPI 3.1), as JSON. `docs/openapi.json` is this text.
pub fn describe() -> String {
    let paths: Map<String, Value> =
        OPERATIONS.iter().map(|operation| (operation.path.to_owned(), json!({ "post": path(operation) }))).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sekisho",
            "version": "1",
            "description": "Rewrites the links of messages for programs that speak HTTP. Served by `sekisho api`; tokens are \
                            made by `sekisho tokens add`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8483" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "Problem": problem(),
                "Rewritten": rewritten(),
                "Links": links(),
                "DecodedLinks": decoded(),
            },
        },
    });
    // Two-space JSON with a line end, as editors write it.
    serde_json::to_string_pretty(&document).map_or_else(|_| String::new(), |text| text + "\n")
}

fn path(operation: &Operation) -> Value {
    let name = operation.scope.as_str();
    let parameters: Vec<Value> = operation.query.iter().map(|name| parameter(name)).collect();
    let good = match operation.scope {
        Scope::Rewrite => json!({
            MESSAGE: { "schema": binary() },
            JSON: { "schema": { "$ref": "#/components/schemas/Rewritten" } },
        }),
        Scope::Restore => json!({ MESSAGE: { "schema": binary() } }),
        Scope::Decode => json!({ JSON: { "schema": { "$ref": "#/components/schemas/DecodedLinks" } } }),
    };
    let taken = match operation.media {
        JSON => json!({ JSON: { "schema": { "$ref": "#/components/schemas/Links" } } }),
        media => json!({ media: { "schema": binary() } }),
    };
    let mut responses = Map::from_iter([("200".to_owned(), json!({ "description": "Done.", "content": good }))]);
    for (status, description) in [
        ("400", "The request is wrong; the detail says how."),
        ("401", "No token, or none that counts."),
        ("403", "The token is not good for this, or not for this tenant."),
        ("408", "The body did not come in time."),
        ("413", "The body is too large."),
        ("415", "The body is of another type."),
        ("422", "The message cannot be worked on, and that stays so."),
        ("503", "Not now: keep what you have and come again after `Retry-After` seconds."),
    ] {
        if status == "422" && operation.media == JSON {
            continue;
        }
        let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        responses.insert(status.to_owned(), json!({ "description": description, "content": content }));
    }
    json!({
        "operationId": name,
        "summary": operation.summary,
        "description": format!("{} Needs a token with the scope `{name}`.", operation.description),
        "parameters": parameters,
        "requestBody": { "required": true, "content": taken },
        "responses": responses,
    })
}

fn parameter(name: &str) -> Value {
    let (schema, description) = match name {
        "tenant" => (
            json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
            "The tenant; needed where there are several and the token is good for all.",
        ),
        "recipient" => (
            json!({ "type": "string", "format": "email" }),
            "The one recipient of this copy; without it the links name none. A `+` in it is written `%2B`.",
        ),
        _ => (json!({ "type": "string", "format": "email" }), "The sender of the envelope, for the wrap log."),
    };
    json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description })
}

fn binary() -> Value {
    json!({ "type": "string", "contentMediaType": MESSAGE })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn perhaps(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

fn problem() -> Value {
    json!({
        "description": "RFC 9457.",
        "type": "object",
        "properties": {
            "title": text("What the status means."),
            "status": { "type": "integer" },
            "detail": text("What is wrong, and what to do."),
        },
        "required": ["title", "status", "detail"],
    })
}

fn rewritten() -> Value {
    json!({
        "type": "object",
        "properties": {
            "message": { "type": "string", "contentEncoding": "base64", "contentMediaType": MESSAGE },
            "report": {
                "type": "object",
                "description": "What was done with each link and each part, as `sekisho rewrite --report` writes it.",
                "properties": {
                    "message": text("Names the message in the links that were made for it."),
                    "recipient": text("Names the recipient in them; zeros where none is named."),
                    "links": { "type": "array", "items": { "type": "object" } },
                    "counts": { "type": "object" },
                    "growth": { "type": "integer", "description": "Bytes of the result less bytes of the message." },
                },
                "required": ["message", "recipient", "links", "counts", "growth"],
            },
        },
        "required": ["message", "report"],
    })
}

fn links() -> Value {
    json!({
        "type": "object",
        "properties": { "links": { "type": "array", "maxItems": LINKS_MAX, "items": { "type": "string" } } },
        "required": ["links"],
        "additionalProperties": false,
    })
}

fn decoded() -> Value {
    let row = json!({
        "type": "object",
        "properties": {
            "link": text("As it was given."),
            "valid": {
                "type": ["boolean", "null"],
                "description": "Whether our keyring signed it; null where there is no keyring to tell by.",
            },
            "url": perhaps("Where it goes."),
            "key": perhaps("The key that it says signed it."),
            "tenant": { "type": ["integer", "null"], "description": "Whose it is." },
            "issued": perhaps("When it was made."),
            "place": perhaps("Where in the message it stood."),
            "message": perhaps("Names the message."),
            "recipient": perhaps("Names the recipient."),
            "problem": perhaps("Why it is not valid, or why that cannot be told."),
        },
        "required": ["link", "valid"],
    });
    json!({ "type": "object", "properties": { "links": { "type": "array", "items": row } }, "required": ["links"] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_one_that_is_published() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert!(published == describe(), "docs/openapi.json is not what describe.rs says; run `just docs`");
    }
}
