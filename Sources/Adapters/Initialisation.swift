import Models
import Tensors

extension Transformer {
    /// Gives new adapters their first numbers as PEFT does: A uniform in ±1/√inputs (Kaiming with a = √5), B zero, so
    /// that the adapted model begins as the base. The numbers depend on the seed and each module's name alone.
    public func initialiseAdapters(seed: UInt64) {
        for adapter in adapters {
            let name = adapter.a.parts.first { $0.rows == adapter.aRows }?.name ?? adapter.module.path + ".lora_A"
            var draws = NormalDraws(seed: seed, name: name)
            let bound = 1 / Double(adapter.a.columns).squareRoot()
            let values = (0..<adapter.spec.rank * adapter.a.columns).map { _ in Float((draws.uniform() * 2 - 1) * bound)
            }
            adapter.aValue.copy(Tensor(values, rows: adapter.spec.rank, columns: adapter.a.columns))
            adapter.bValue.clear()
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
    }
}
