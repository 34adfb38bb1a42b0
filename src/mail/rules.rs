use std::time::Duration;

/// What an operator chose for the cases in which a message cannot simply go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// For a message to our people that could not be examined.
    pub inbound: OnFailure,
    /// For one of our people's that could not.
    pub outgoing: OnFailure,
    /// For one that is larger than `message_bytes`.
    pub large: OnLarge,
    /// The largest message that is taken, in bytes.
    pub message_bytes: usize,
    /// For one with a link that is known as bad.
    pub malicious: OnMalicious,
    /// For one with a link that is suspicious.
    pub suspicious: OnSuspicious,
    /// For one that its domain does not stand behind.
    pub unproven: OnUnproven,
    /// For one that failed `attempts` times.
    pub poison: OnPoison,
    /// How often a message may fail before it is tried no more.
    pub attempts: u64,
    /// How long one message may take.
    pub patience: Duration,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $variant),+ }

        impl $name {
            /// The choice that is called so in the configuration.
            pub fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

choice! {
    /// What becomes of a message that could not be examined.
    OnFailure {
        /// The mail system keeps it and tries again.
        TryAgain "tempfail",
        /// It goes on as it came, with a field that says so.
        Accept "accept",
        /// It is refused for good.
        Reject "reject",
    }
}
choice! {
    /// What becomes of a message that is too large.
    OnLarge {
        /// It is refused for good.
        Reject "reject",
        /// The mail system keeps it and tries again: an operator may raise the limit in the meantime.
        TryAgain "tempfail",
        /// It goes on as it came, with a field that says so.
        Accept "accept",
    }
}
choice! {
    /// What becomes of a message with a link that is known as bad.
    OnMalicious {
        /// The mail system keeps it aside until an operator looks at it.
        Quarantine "quarantine",
        /// It is refused for good.
        Reject "reject",
        /// It goes on with a field by which a rule of the mailbox can sort it.
        Mark "mark",
    }
}
choice! {
    /// What becomes of a message with a suspicious link.
    OnSuspicious {
        /// It goes on with a field by which a rule of the mailbox can sort it.
        Mark "mark",
        /// The mail system keeps it aside until an operator looks at it.
        Quarantine "quarantine",
        /// It goes on like any other.
        Pass "pass",
    }
}
choice! {
    /// What becomes of a message that nothing proves to come from the domain in From, where its owner asks that such mail be
    /// kept aside or refused (DMARC).
    OnUnproven {
        /// That is told, and nothing else.
        Tell "tell",
        /// It goes on with a field by which a rule of the mailbox can sort it.
        Mark "mark",
        /// What the owner asks for.
        Follow "follow",
    }
}
choice! {
    /// What becomes of a message that failed time and again.
    OnPoison {
        /// The mail system keeps it aside, as it came, until an operator looks at it.
        Quarantine "quarantine",
        /// It is refused for good.
        Reject "reject",
        /// It goes on as it came, with a field that says so.
        Accept "accept",
    }
}
