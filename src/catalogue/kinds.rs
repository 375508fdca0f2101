//! How and when memory behind an argument is read: numbers that C has, too.

macro_rules! c_constants {
    ($(#[$doc_enum:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $c_name:literal),* $(,)? }) => {
        $(#[$doc_enum])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// Name in C and value of each variant.
            pub const EVERY: &'static [(&'static str, u8)] = &[$(($c_name, $name::$variant as u8)),*];
        }
    };
}

c_constants! {
    /// How the program in the kernel reads an argument.
    ArgKind {
        /// The value of the register.
        Value "KIND_VALUE",
        Str "KIND_STR",
        StrArray "KIND_STR_ARRAY",
        /// Elements of a fixed size, as many as [`Reading::count`](super::reading::Reading::count) says.
        Bytes "KIND_BYTES",
        Msghdr "KIND_MSGHDR",
        /// An array of `struct mmsghdr`.
        Mmsghdr "KIND_MMSGHDR",
        /// An array of `struct iovec`, with the beginning of its buffers.
        Iovec "KIND_IOVEC",
        /// Depends on the value of another argument, by the map `selected`.
        Select "KIND_SELECT",
        /// An open file, shown with its path where the user asked for it.
        Fd "KIND_FD",
    }
}

c_constants! {
    /// When the memory behind a pointer is valid.
    When {
        /// Given to the call.
        In "WHEN_IN",
        /// Filled in by a call that did not fail.
        Out "WHEN_OUT",
        /// Filled in by a call that returned more than 0.
        OutPositive "WHEN_OUT_POSITIVE",
        /// Filled in by a call that returned 0; others may have filled in a part.
        OutZero "WHEN_OUT_ZERO",
        /// Filled in by a call that a signal interrupted.
        Interrupted "WHEN_INTERRUPTED",
        /// Given to the call, which writes over it: the value is what was given.
        Kept "WHEN_IN_KEPT",
        /// Given to the call, which changes it: the value is what the call has left.
        InOut "WHEN_IN_OUT",
    }
}
