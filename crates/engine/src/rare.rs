//! What few accounts have takes one word where there is nothing.

use std::ops::{Deref, DerefMut};

/// A value that is mostly nothing, and then takes no memory of its own. Changing it makes it something; look with
/// [`Rare::get_mut`] where only what is there is to be changed.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Rare<T>(Option<Box<T>>);

/// A type with a value that says nothing.
pub(crate) trait Nothing: Clone + 'static {
    /// That value.
    fn nothing() -> &'static Self;
}

impl<T> Rare<T> {
    /// Nothing.
    pub(crate) const NOTHING: Rare<T> = Rare(None);

    /// What is there, to be changed.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T: Nothing> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::nothing())
    }
}

impl<T: Nothing> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(|| Box::new(T::nothing().clone()))
    }
}
