import CKernels
import Kernels

/// One sequence's place in the rows of queries, keys and values. Rows of other segments are never seen.
public struct AttentionSegment: Sendable, Equatable {
    /// Its queries' rows.
    public var queries: Range<Int>
    /// Its keys' and values' rows; the queries are the last of these positions.
    public var keys: Range<Int>

    /// A segment whose queries begin at position `keys.count − queries.count`.
    public init(queries: Range<Int>, keys: Range<Int>) {
        self.queries = queries
        self.keys = keys
    }

    /// A whole sequence: queries and keys are the same rows.
    public init(_ rows: Range<Int>) { self.init(queries: rows, keys: rows) }
}

/// The shape of softmax attention with grouped heads.
public struct AttentionShape: Sendable, Equatable {
    /// How far back a position sees.
    public enum Reach: Sendable, Equatable {
        /// Everything before it.
        case full
        /// The last `width` positions, itself included.
        case window(Int)
        /// Its own chunk of `width` positions.
        case chunk(Int)
    }
    /// Query heads.
    public var heads: Int
    /// Key and value heads; divides `heads`.
    public var keyValueHeads: Int
    /// Numbers of a query or key head.
    public var headSize: Int
    /// Numbers of a value head.
    public var valueSize: Int
    /// Factor on query · key.
    public var scale: Float
    /// Bound of the scores; 0 for none.
    public var softcap: Float
    /// How far back a position sees.
    public var reach: Reach

    /// A shape; values are as wide as keys unless said otherwise.
    public init(
        heads: Int, keyValueHeads: Int, headSize: Int, valueSize: Int? = nil, scale: Float, softcap: Float = 0,
        reach: Reach = .full
    ) {
        precondition(heads % keyValueHeads == 0, "attention: \(heads) heads over \(keyValueHeads)")
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.valueSize = valueSize ?? headSize
        self.scale = scale
        self.softcap = softcap
        self.reach = reach
    }

    /// The first position that position `p` sees.
    func firstSeen(from p: Int) -> Int {
        switch reach {
        case .full: 0
        case .window(let width): max(0, p - width + 1)
        case .chunk(let width): p / width * width
        }
    }
}

/// Causal softmax attention within segments, in tiles: the length² matrix never exists.
///
///     s = softcap(q·kᵀ · scale), visible keys only;  p = softmax(s);  out = p·v
///
/// A tile is 128 queries × at most 512 keys; a running maximum and sum are kept a row, as in FlashAttention-2 (Dao
/// 2023), and the log-sum-exp is saved instead of `p`. With `δ = Σ dout·out` a row and `ds = p·(dout·vᵀ − δ)·scale`:
/// `dq = ds·k`, `dk = dsᵀ·q`, `dv = pᵀ·dout`.
///
/// - Parameters:
///   - q: [query rows, heads · headSize] in the operand type.
///   - k: [key rows, keyValueHeads · headSize], v: [key rows, keyValueHeads · valueSize], the same type.
///   - sinks: a score a head that joins the softmax and is then dropped (gpt-oss), or nil.
/// - Returns: [query rows, heads · valueSize] in the operand type. Rows that belong to no segment are zero.
public func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ shape: AttentionShape, segments: [AttentionSegment], sinks: [Float]? = nil
) -> Tensor {
    precondition(
        q.columns == shape.heads * shape.headSize && k.columns == shape.keyValueHeads * shape.headSize
            && v.columns == shape.keyValueHeads * shape.valueSize && k.rows == v.rows && q.type == k.type
            && q.type == v.type,
        "attention: q \(q.shape) \(q.type), k \(k.shape) \(k.type), v \(v.shape) \(v.type)")
    if let out = attentionOfFewQueries(q, k, v, shape, segments, sinks) { return out }
    let pass = AttentionPass(shape: shape, segments: segments, sinks: sinks)
    let out = Tensor(uninitialized: q.rows, shape.heads * shape.valueSize, q.type)
    if segments.reduce(0, { $0 + $1.queries.count }) < q.rows { out.clear() }
    let lse = Tensor(uninitialized: q.rows, shape.heads)
    Profile.measure(.attention) { pass.forward(q, k, v, out: out, lse: lse) }
    return Tensor.record(
        .attention, [out], from: [q, k, v], saving: [q, k, v, out, lse]
    ) { pullback in
        guard let g = pullback.gradient() else { return }
        let q = pullback.saved(0)
        let dout = g.converted(to: q.type)
        let types = (pullback.wantedType(0), pullback.wantedType(1), pullback.wantedType(2))
        let (k, v, out, lse) = (pullback.saved(1), pullback.saved(2), pullback.saved(3), pullback.saved(4))
        let (dq, dk, dv) = Profile.measure(.attention) {
            pass.backward(q, k, v, out: out, lse: lse, dout: dout, types: types)
        }
        pullback.send(dq, to: 0)
        pullback.send(dk, to: 1)
        pullback.send(dv, to: 2)
    }[0]
}
