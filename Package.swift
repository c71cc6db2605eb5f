// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: Swift 6 language mode (from the tools version), no implicit imports, no warnings.
let swift: [SwiftSetting] = [
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
let c: [CSetting] = [.treatAllWarnings(as: .error)]
let cxx: [CXXSetting] = [.treatAllWarnings(as: .error)]

/// One Swift library of the package; the list below is ordered as imports may point: downward only.
func library(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, uses dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swift)
}

let package = Package(
    name: "graft",
    products: [
        .executable(name: "graft", targets: ["graft"]),
        .library(name: "GraftTensors", targets: ["Tensors"]),
        .library(name: "GraftTraining", targets: ["Training", "Evaluation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .executableTarget(
            name: "graft",
            dependencies: [
                "Recipes", "Exports", "Evaluation", "Plots", "Training", "Generation", "Datasets", "Adapters", "Models",
                "WeightFiles", "SafeFiles", "Tokenizers", "Tensors", "Kernels", "OrderedJSON", "Diagnostics",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        library(
            "Recipes",
            uses: ["Diagnostics", "SafeFiles", "Patterns", "OrderedJSON", .product(name: "Yams", package: "Yams")]),
        library(
            "Exports",
            uses: [
                "Diagnostics", "SafeFiles", "Adapters", "Generation", "Models", "Datasets", "Tensors", "Kernels",
                "WeightFiles", "Tokenizers", "OrderedJSON",
            ]),
        library(
            "Evaluation",
            uses: [
                "Diagnostics", "SafeFiles", "Randomness", "Patterns", "Plots", "Recipes", "Generation", "Datasets",
                "ChatTemplates", "Models", "Tensors", "Kernels", "WeightFiles", "Tokenizers", "OrderedJSON",
            ]),
        library(
            "Training",
            uses: [
                "Diagnostics", "SafeFiles", "Recipes", "Evaluation", "Generation", "Tokenizers", "Adapters", "Models",
                "Datasets", "Tensors", "CKernels", "Kernels", "WeightFiles", "OrderedJSON",
            ]),
        library(
            "Generation",
            uses: ["Diagnostics", "Randomness", "OrderedJSON", "Models", "Tensors", "Kernels", "Tokenizers"]),
        library(
            "Datasets",
            uses: ["Diagnostics", "SafeFiles", "Randomness", "Tokenizers", "ChatTemplates", "OrderedJSON"]),
        library(
            "Adapters",
            uses: [
                "Diagnostics", "SafeFiles", "Patterns", "Models", "WeightFiles", "Tensors", "Kernels", "OrderedJSON",
            ]),
        library(
            "Models",
            uses: ["Diagnostics", "SafeFiles", "Randomness", "WeightFiles", "Tensors", "Kernels", "OrderedJSON"]),
        library("WeightFiles", uses: ["Diagnostics", "SafeFiles", "Kernels", "OrderedJSON"]),
        library("ChatTemplates", uses: ["Diagnostics", "OrderedJSON"]),
        library("Tokenizers", uses: ["Diagnostics", "SafeFiles", "Patterns", "OrderedJSON"]),
        library("Tensors", uses: ["Kernels", "CKernels"]),
        library("Kernels", uses: ["CKernels", "COpenBLAS", "COneDNN"]),
        library("Plots", uses: []),
        library("Randomness", uses: []),
        library("Patterns", uses: ["CPCRE2"]),
        library("OrderedJSON", uses: ["Diagnostics", "CSimdjson"]),
        library("SafeFiles", uses: ["Diagnostics"]),
        library("Diagnostics", uses: []),
        .target(
            name: "CKernels", cSettings: c,
            linkerSettings: [.linkedLibrary("m"), .linkedLibrary("gomp")]),
        .target(
            name: "COneDNN", cxxSettings: cxx,
            linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("stdc++")]),
        .target(
            name: "CSimdjson", cxxSettings: cxx,
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
        tests(
            "GenerationTests",
            uses: ["Generation", "Models", "Tensors", "Kernels", "Tokenizers", "OrderedJSON", "Diagnostics"]),
        tests(
            "EvaluationTests",
            uses: [
                "Evaluation", "Randomness", "Patterns", "Recipes", "Models", "Tensors", "Datasets", "Tokenizers",
                "Kernels", "OrderedJSON", "Diagnostics",
            ]),
        tests(
            "DatasetsTests", uses: ["Datasets", "Diagnostics", "OrderedJSON", "Tokenizers", "ChatTemplates"],
            resources: [.copy("Expected")]),
        tests(
            "ChatTemplatesTests",
            uses: ["TestSupport", "ChatTemplates", "Randomness", "Diagnostics", "OrderedJSON"],
            resources: [.copy("Fixtures")]),
        tests(
            "TokenizersTests", uses: ["TestSupport", "Tokenizers", "Randomness", "OrderedJSON", "Diagnostics"],
            resources: [.copy("Fixtures")]),
        tests("PlotsTests", uses: ["Plots"]),
        tests("OrderedJSONTests", uses: ["OrderedJSON"]),
        tests("TensorsTests", uses: ["Tensors", "Kernels"]),
        tests("KernelsTests", uses: ["Tensors", "Kernels", "CKernels"]),
        tests("RecipesTests", uses: ["Recipes", "Diagnostics"]),
        tests(
            "ExportsTests",
            uses: [
                "TestSupport", "Exports", "Adapters", "Models", "Tensors", "Kernels", "WeightFiles", "Tokenizers",
                "OrderedJSON",
                "Diagnostics",
            ]),
        tests(
            "TrainingTests",
            uses: [
                "Training", "Recipes", "Datasets", "Tokenizers", "Adapters", "Models", "Tensors", "Kernels",
                "WeightFiles", "OrderedJSON", "Diagnostics",
            ]),
        tests(
            "AdaptersTests",
            uses: ["Adapters", "Models", "Tensors", "Kernels", "WeightFiles", "OrderedJSON", "Diagnostics"]),
        tests("ModelsTests", uses: ["TestSupport", "Models", "Randomness", "Diagnostics", "OrderedJSON"]),
        .target(name: "TestSupport", dependencies: ["Randomness"], path: "Tests/TestSupport", swiftSettings: swift),
        tests("CommandTests", uses: ["graft", "Recipes", "OrderedJSON", "WeightFiles", "Kernels"]),
        tests("WeightFilesTests", uses: ["WeightFiles", "Kernels", "Diagnostics", "SafeFiles", "OrderedJSON"]),
    ],
    cxxLanguageStandard: .cxx17
)
