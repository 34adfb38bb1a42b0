//! An event in JSON, as serde writes it and several times as fast: every click writes one.

use serde::Serialize;

use super::ClickEvent;

impl<T: AsRef<str>> ClickEvent<T> {
    /// Appends what [`serde_json::to_vec`] gives.
    ///
    /// # Errors
    /// Those of serde, which has none to tell of for an event.
    pub fn write_json(&self, into: &mut Vec<u8>) -> serde_json::Result<()> {
        let Self {
            time,
            event_id,
            click_id,
            tenant,
            outcome,
            tier,
            threat,
            signals,
            decisive,
            policy,
            why,
            url,
            host,
            domain,
            chain,
            asked,
            waited_micros,
            message,
            recipient,
            link_issued,
            client,
            user_agent,
            actor,
            decision_micros,
            node,
        } = self;
        let mut json = Json { into, sound: Ok(()) };
        json.raw("{\"time\":").other(&time.millis());
        json.raw(",\"event_id\":").word(event_id.letters());
        json.raw(",\"click_id\":").word(click_id.letters());
        json.raw(",\"tenant\":").option(tenant.as_ref(), |json, tenant| json.other(&tenant.0));
        json.raw(",\"outcome\":").word(outcome.as_str());
        json.raw(",\"tier\":").option(tier.as_ref(), |json, tier| json.word(tier.as_str()));
        json.raw(",\"threat\":").word(threat.as_str());
        json.raw(",\"signals\":").list(signals);
        json.raw(",\"decisive\":").option(decisive.as_ref(), Json::other);
        json.raw(",\"policy\":").option(policy.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"why\":").option(why.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"url\":").option(url.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"host\":").option(host.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"domain\":").option(domain.as_ref().map(T::as_ref), Json::text);
        if !chain.is_empty() {
            json.raw(",\"chain\":").list(chain);
        }
        if !asked.is_empty() {
            json.raw(",\"asked\":").list(asked);
        }
        if let Some(waited) = waited_micros {
            json.raw(",\"waited_micros\":").other(waited);
        }
        json.raw(",\"message\":").option(message.as_ref(), |json, message| json.word(message.letters()));
        json.raw(",\"recipient\":").option(recipient.as_ref(), |json, recipient| json.word(recipient.letters()));
        json.raw(",\"link_issued\":").option(link_issued.as_ref(), |json, issued| json.other(&issued.millis()));
        json.raw(",\"client\":").option(client.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"user_agent\":").option(user_agent.as_ref().map(T::as_ref), Json::text);
        json.raw(",\"actor\":").word(actor.as_str());
        json.raw(",\"decision_micros\":").other(decision_micros);
        json.raw(",\"node\":").text(node.as_ref());
        json.raw("}");
        json.sound
    }
}

/// JSON that is being written.
struct Json<'a> {
    into: &'a mut Vec<u8>,
    sound: serde_json::Result<()>,
}

impl Json<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.into.extend_from_slice(text.as_bytes());
        self
    }

    /// Letters and digits of ours, which need no escape.
    fn word(&mut self, word: impl AsRef<[u8]>) {
        self.into.push(b'"');
        self.into.extend_from_slice(word.as_ref());
        self.into.push(b'"');
    }

    fn text(&mut self, text: &str) {
        // Without an early end, so that many bytes are looked at in one step.
        let plain = |plain, byte: u8| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if text.bytes().fold(true, plain) { self.word(text) } else { self.other(text) }
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => {
                self.raw("null");
            }
        }
    }

    fn list<T: Serialize>(&mut self, list: &[T]) {
        if list.is_empty() {
            self.raw("[]");
        } else {
            self.other(list);
        }
    }

    fn other<T: Serialize + ?Sized>(&mut self, value: &T) {
        if self.sound.is_ok() {
            self.sound = serde_json::to_writer(&mut *self.into, value);
        }
    }
}
