"""The words of the product: values that every floor may hold, with no behaviour that touches the world."""
