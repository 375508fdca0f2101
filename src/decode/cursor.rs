//! Reading a record's bytes without trusting a length in them.

/// A position in a record. Every read is checked; a short record yields `None`.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All bytes that have not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(len)?;
        self.bytes = tail;
        Some(head)
    }

    /// The next `len` bytes, and the padding after them up to a multiple of 8.
    pub fn take_padded(&mut self, len: usize) -> Option<&'a [u8]> {
        let data = self.take(len)?;
        self.take(len.next_multiple_of(8) - len)?;
        Some(data)
    }

    /// A C structure, in the machine's byte order.
    pub fn read<T: plain::Plain + Default>(&mut self) -> Option<T> {
        let bytes = self.take(size_of::<T>())?;
        let mut value = T::default();
        plain::copy_from_bytes(&mut value, bytes).ok()?;
        Some(value)
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_ne_bytes(self.take(8)?.try_into().ok()?))
    }
}
