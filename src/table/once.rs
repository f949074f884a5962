//! What is made of texts, once for each text that a column stores.

use super::Column;

/// Applies a function to the texts of a column by row; a text that repeats is looked at once. Takes as many slots as
/// there are different texts, and nothing for their bytes.
///
/// ```
/// use entrail::table::{Builder, Cell, Once, Type};
/// let mut builder = Builder::new(Type::String);
/// ["bob", "bob", "alice"].map(|name| builder.push(Cell::Text(name)));
/// let (column, mut looked) = (builder.finish(), 0);
/// let mut lengths = Once::new(&column, |name| { looked += 1; name.len() });
/// assert_eq!([0, 1, 2, 3].map(|row| lengths.at(row)), [Some(3), Some(3), Some(5), None]);
/// assert_eq!(looked, 2);
/// ```
pub struct Once<'a, T, F> {
    column: &'a Column,
    make: F,
    known: Vec<Option<T>>,
}

impl<'a, T: Copy, F: FnMut(&'a str) -> T> Once<'a, T, F> {
    /// Nothing is looked at yet.
    pub fn new(column: &'a Column, make: F) -> Once<'a, T, F> {
        let texts = if let Column::Text { values, .. } = column { values.len() } else { 0 };
        Once { column, make, known: vec![None; texts] }
    }

    /// What is made of the text in a row; none where there is no text.
    pub fn at(&mut self, row: usize) -> Option<T> {
        let Column::Text { values, keys, .. } = self.column else { return None };
        // A missing cell has a key that no text has.
        let key = *keys.get(row)? as usize;
        let known = self.known.get_mut(key)?;
        match known {
            Some(made) => Some(*made),
            None => Some(*known.insert((self.make)(values.get(key)?))),
        }
    }
}
