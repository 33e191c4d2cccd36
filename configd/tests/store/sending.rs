//! The limits of messages, under clocks that jump.
