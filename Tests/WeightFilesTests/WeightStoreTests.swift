import Diagnostics
import Foundation
import Kernels
import OrderedJSON
import Testing
import WeightFiles

@Suite("Weight store: directories")
struct WeightStoreTests {
    static func one(_ name: String, _ value: UInt8 = 0) -> [UInt8] {
        safetensors("{\"\(name)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}") + [value]
    }

    @Test func singleFileOfAnyName() throws {
        let scratch = try Scratch()
        try scratch.write(Self.one("x"), "adapter_model.safetensors")
        #expect(try WeightStore.open(scratch.path).names == ["x"])
        try scratch.write(Self.one("y"), "other.safetensors")
        let problem = #expect(throws: Problem.self) { try WeightStore.open(scratch.path) }
        #expect(problem?.message.contains("2 *.safetensors") == true)
        try scratch.write(Self.one("z"), "model.safetensors")
        #expect(try WeightStore.open(scratch.path).names == ["z"])
    }

    @Test func shardsByIndex() throws {
        let scratch = try Scratch()
        try scratch.write(Self.one("x", 1), "model-00001-of-00002.safetensors")
        try scratch.write(Self.one("y", 2), "model-00002-of-00002.safetensors")
        let index = #"{"weight_map":{"y":"model-00002-of-00002.safetensors","x":"model-00001-of-00002.safetensors"}}"#
        try scratch.write(Array(index.utf8), "model.safetensors.index.json")
        let store = try WeightStore.open(scratch.path)
        #expect(store.names == ["x", "y"] && store.files.count == 2)
        #expect(store["y"].map { Array($0.bytes) } == [2])
        #expect(try WeightStore.open(scratch.path("model.safetensors.index.json")).names == ["x", "y"])
    }

    @Test("the index decides which shard's tensor counts") func indexDecides() throws {
        let scratch = try Scratch()
        let both = { (value: UInt8) in
            safetensors(
                #"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
            ) + [value, value]
        }
        try scratch.write(both(1), "a.safetensors")
        try scratch.write(both(2), "b.safetensors")
        try scratch.write(
            Array(#"{"weight_map":{"x":"b.safetensors","y":"a.safetensors"}}"#.utf8), "model.safetensors.index.json")
        let store = try WeightStore.open(scratch.path)
        #expect(store["x"].map { Array($0.bytes) } == [2] && store["y"].map { Array($0.bytes) } == [1])
        // An index that leaves a doubled name undecided is refused.
        try scratch.write(both(3), "c.safetensors")
        try scratch.write(
            Array(#"{"weight_map":{"x":"b.safetensors","q":"c.safetensors"}}"#.utf8), "model.safetensors.index.json")
        #expect(throws: Problem.self) { try WeightStore.open(scratch.path) }
    }

    @Test(
        "refuses an index that lies",
        arguments: [
            (#"{"weight_map":{"x":"a.safetensors","q":"a.safetensors"}}"#, "q"),
            (#"{"weight_map":{"x":"a.safetensors","q":"gone.safetensors"}}"#, "gone.safetensors"),
            (#"{"weight_map":{"x":"../a.safetensors"}}"#, "plain file name"),
            (#"{"weight_map":{"x":7}}"#, "'x'"),
            (#"{"weight_map":{}}"#, "weight_map"),
            (#"{"metadata":{}}"#, "weight_map"),
            ("{", "JSON"),
        ])
    func refusesIndex(_ index: String, _ word: String) throws {
        let scratch = try Scratch()
        try scratch.write(Self.one("x"), "a.safetensors")
        let path = try scratch.write(Array(index.utf8), "model.safetensors.index.json")
        let problem = #expect(throws: Problem.self) { try WeightStore.open(scratch.path) }
        #expect(problem?.file == path && problem?.description.contains(word) == true)
    }

    @Test(
        "says what to do about other files",
        arguments: [
            ("pytorch_model.bin", "safetensors"), ("consolidated.00.pth", "safetensors"),
            ("m.gguf", "GGUF file itself"),
            ("readme.txt", "expected model.safetensors"),
        ])
    func otherFiles(_ name: String, _ word: String) throws {
        let scratch = try Scratch()
        try scratch.write([1, 2, 3], name)
        let problem = #expect(throws: Problem.self) { try WeightStore.open(scratch.path) }
        #expect(problem?.advice?.contains(word) == true)
        #expect(throws: Problem.self) { try WeightStore.open(scratch.path("absent")) }
    }

    @Test("opens every model of the test data") func realModels() throws {
        guard let models = sharedAssets("models") else { return }
        var opened = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: models) {
            let path = models + "/" + name + "/model.safetensors"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let store = try WeightStore.open(path)
            #expect(store.all.allSatisfy { $0.format.element != nil && !$0.bytes.isEmpty })
            opened += 1
        }
        #expect(opened >= 3)
    }

    @Test(
        "recognises quantised checkpoints",
        arguments: [
            (#"{"quantization_config":{"quant_method":"gptq"}}"#, "model.norm.weight", "GPTQ"),
            (#"{"quantization_config":{"load_in_4bit":true}}"#, "model.norm.weight", "bitsandbytes"),
            ("{}", "model.layers.0.mlp.up_proj.qweight", "GPTQ"),
            ("{}", "model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4", "bitsandbytes"),
            ("{}", "model.layers.0.mlp.up_proj.weight.absmax", "bitsandbytes"),
            (#"{"text_config":{"quantization_config":{"quant_method":"awq"}}}"#, "x", "AWQ"),
            (#"{"quantization_config":null,"quantization":{"group_size":64,"bits":4}}"#, "x", "MLX"),
        ])
    func quantised(_ config: String, _ name: String, _ word: String) throws {
        let problem = unsupportedQuantization(config: try JSONValue(parsing: config), names: [name])
        #expect(problem?.message.contains(word) == true)
    }

    @Test func plainCheckpointsAreNotQuantised() throws {
        let names = ["model.layers.0.self_attn.q_proj.weight", "lm_head.weight", "model.layers.0.mlp.gate.scales_x"]
        #expect(unsupportedQuantization(config: ["hidden_size": 4, "quantization_config": nil], names: names) == nil)
        #expect(unsupportedQuantization(config: nil, names: names) == nil)
    }
}
