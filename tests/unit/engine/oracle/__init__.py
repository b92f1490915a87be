"""docs/fill-model.md once more, slowly and in Decimal: written from the page alone, to hold the kernels against."""
