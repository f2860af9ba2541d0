/** Entry of a model's metadata under which the writer keeps what a graph has no place for: JSON in the form of a model description. */
export const metadataKey = "llif";
