import OrderedJSON

extension Recipe {
    /// Every key that holds with its value as a recipe writes it, in the order of the reference.
    public var settings: [(key: String, value: String)] {
        RecipeKey.all.compactMap { key in key.write(self).map { (key.path, yamlScalar($0)) } }
    }
}
