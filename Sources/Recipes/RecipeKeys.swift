extension RecipeKey {
    /// Every key there is, in the order in which a recipe is written.
    public static let all: [RecipeKey] = modelKeys + adapterKeys + dataKeys + trainKeys + runKeys

    private static let modelKeys: [RecipeKey] = [
        RecipeKey(
            "model", \.model, .path, required: true,
            otherNames: ["base_model", "model_name_or_path", "model_path", "base_model_name_or_path", "model_id"],
            "Hugging Face directory or GGUF file to start from"),
        RecipeKey(
            "base.quantize", \.base.quantize, .choice(),
            otherNames: ["quantization", "quantise", "load_in_4bit", "load_in_8bit", "bits"],
            "how the frozen base is held in memory"),
    ]

    private static let adapterKeys: [RecipeKey] = [
        RecipeKey(
            "adapter.method", \.adapter.method, .choice(), otherNames: ["peft_type", "fine_tune_type", "type"],
            "`lora` trains low-rank matrices beside frozen weights, `full` every weight"),
        RecipeKey(
            "adapter.rank", \.adapter.rank, .integer(1...65536), otherNames: ["r", "lora_r", "lora_rank"],
            "width of the low-rank matrices"),
        RecipeKey(
            "adapter.alpha", \.adapter.alpha, .positive, otherNames: ["lora_alpha"],
            "the adapter's output is scaled by alpha/rank"),
        RecipeKey(
            "adapter.dropout", \.adapter.dropout, .properShare, otherNames: ["lora_dropout"],
            "share of an adapter's inputs set to zero while training"),
        RecipeKey(
            "adapter.use_rslora", \.adapter.useRSLoRA, .boolean, otherNames: ["rslora", "rank_stabilized"],
            "scale by alpha/√rank instead"),
        RecipeKey(
            "adapter.target_modules", \.adapter.targetModules, .modules,
            otherNames: ["lora_target_modules", "targets", "lora_target", "modules", "keys", "target"],
            "layers that get an adapter, by Hugging Face module name, matched as PEFT does;"
                + " `all-linear` leaves out the output head and routers"),
        RecipeKey(
            optional: "adapter.exclude_modules", \.adapter.excludeModules, .modules, otherNames: ["exclude"],
            "layers that get none although they match"),
        RecipeKey(
            optional: "adapter.target_parameters", \.adapter.targetParameters, .list(.text, of: "names", orOne: true),
            otherNames: ["lora_target_parameters"],
            "tensors that hold all experts of a layer and get an adapter each expert, matched as PEFT does, such as"
                + " `mlp.experts.gate_up_proj`; `NAME.weight` means a linear layer or a router"),
        RecipeKey(
            optional: "adapter.layers_to_transform", \.adapter.layersToTransform,
            .list(.integer(0...100_000), of: "block numbers from 0", orOne: true),
            otherNames: ["layers", "num_layers"],
            "blocks whose layers get adapters; a module named in full gets one wherever it is"),
        RecipeKey(
            optional: "adapter.rank_pattern", \.adapter.rankPattern, .patterns(.integer(1...65536)),
            "other ranks for layers whose name matches"),
        RecipeKey(
            optional: "adapter.alpha_pattern", \.adapter.alphaPattern, .patterns(.positive),
            "other alphas for layers whose name matches"),
        RecipeKey(
            optional: "adapter.init_from", \.adapter.initFrom, .path,
            otherNames: ["resume_from", "adapter_path", "lora_model_dir", "adapter_name_or_path"],
            "PEFT directory to continue from; its rank, alpha, rslora, patterns and targets hold"),
    ]

    private static let dataKeys: [RecipeKey] = [
        RecipeKey(
            "data.train", \.data.train, .list(.trainingFile, of: "files or {path, weight}", orOne: true),
            required: true,
            otherNames: ["datasets", "dataset", "train_file", "path", "files", "train_data"],
            "JSONL rows to train on; a file of weight w gives w times its rows to every epoch"),
        RecipeKey(
            optional: "data.eval", \.data.eval, .list(.path, of: "files", orOne: true),
            otherNames: ["valid", "validation", "test", "eval_file", "val", "eval_dataset", "test_datasets"],
            "held-out JSONL rows"),
        RecipeKey(
            "data.template", \.data.template, .template, otherNames: ["chat_template", "prompt_template"],
            "`auto`: the model's chat template; `none`: prompt + completion + EOS; or a template file"),
        RecipeKey(
            "data.max_length", \.data.maxLength, .integer(2...16_777_216),
            otherNames: [
                "max_seq_length", "sequence_len", "max_seq_len", "cutoff_len", "context_length", "model_max_length",
            ],
            "longest sequence in tokens"),
        RecipeKey(
            "data.too_long", \.data.tooLong, .choice(), otherNames: ["truncation", "overflow"],
            "what happens to longer rows; `truncate` cuts the prompt from its start, never the answer;"
                + " `text` rows are split instead"),
        RecipeKey(
            "data.check", \.data.check, .choice(),
            "which training rows are read in full before the start: of files beyond 16 MB together the first 10,000, of the"
                + " others the shape; or `all`"),
        RecipeKey(
            "data.packing", \.data.packing, .boolean, otherNames: ["sample_packing", "pack"],
            "several rows in one sequence, each attending to itself only"),
        RecipeKey(
            "data.shuffle", \.data.shuffle, .boolean, otherNames: ["shuffle_data"],
            "a new seeded order every epoch; `false` keeps the file's order exactly"),
    ]

    private static let trainKeys: [RecipeKey] = [
        RecipeKey(
            optional: "train.epochs", \.train.epochs, .positive(to: 1_000_000),
            otherNames: ["num_train_epochs", "num_epochs"],
            "passes over the data; instead of `train.steps`"),
        RecipeKey(
            optional: "train.steps", \.train.steps, .integer(1...1_000_000_000),
            otherNames: ["max_steps", "iters", "num_steps"],
            "optimiser steps; instead of `train.epochs`"),
        RecipeKey(
            "train.batch_size", \.train.batchSize, .integer(1...1_048_576),
            otherNames: ["per_device_train_batch_size", "global_batch_size", "gradient_accumulation_steps"],
            "sequences in an optimiser step"),
        RecipeKey(
            optional: "train.micro_batch_size", \.train.microBatchSize, .integer(1...1_048_576), absent: "automatic",
            "sequences in memory at once; never changes the result"),
        RecipeKey(
            "train.learning_rate", \.train.learningRate, .positive, otherNames: ["lr"],
            "highest learning rate, reached after the warm-up"),
        RecipeKey(
            "train.scheduler", \.train.scheduler, .choice(),
            otherNames: ["lr_scheduler_type", "lr_scheduler", "lr_schedule"],
            "how the learning rate goes on after the warm-up, computed as transformers does"),
        RecipeKey(
            "train.warmup_ratio", \.train.warmupRatio, .share, otherNames: ["warmup", "warmup_steps"],
            "share of the steps in which the learning rate rises from 0"),
        RecipeKey(
            "train.min_learning_rate", \.train.minLearningRate, .notNegative, otherNames: ["min_lr", "min_lr_rate"],
            "where the schedule ends"),
        RecipeKey(
            "train.optimizer", \.train.optimizer, .choice(), otherNames: ["optim"], "how gradients become updates"),
        RecipeKey(
            "train.betas", \.train.betas, .pair(.properShare), otherNames: ["adam_beta1", "adam_beta2"],
            "decay of the first and the second moment"),
        RecipeKey(
            "train.eps", \.train.eps, .positive, otherNames: ["adam_epsilon"], "added to the root of the second moment"),
        RecipeKey(
            "train.weight_decay", \.train.weightDecay, .notNegative, "decoupled decay, on A and B alike"),
        RecipeKey(
            "train.max_grad_norm", \.train.maxGradNorm, .notNegative,
            otherNames: ["gradient_clipping", "clip", "grad_clip"],
            "the gradient is scaled down to this norm; 0 leaves it alone"),
        RecipeKey(
            "train.router_aux_loss_coef", \.train.routerAuxLossCoef, .notNegative,
            otherNames: ["router_aux_loss", "aux_loss_coef", "aux_loss_alpha"],
            "weight of the load balancing loss of a mixture's routers, over all tokens and layers of a step as"
                + " transformers computes it; 0 leaves it out (config.json's `router_aux_loss_coef` is what the model was"
                + " trained with)"),
        RecipeKey(
            optional: "train.precision", \.train.precision, .choice(), absent: "automatic",
            otherNames: ["dtype", "bf16", "fp16", "torch_dtype"],
            "precision of matrix products; automatic is bf16 where the processor has it"),
        RecipeKey("train.seed", \.train.seed, .integer(0...Int.max), "of every random choice"),
        RecipeKey(
            optional: "train.memory_limit", \.train.memoryLimit, .size, otherNames: ["max_memory"],
            "kept by recomputing activations where needed, or refused before the start"),
    ]

    private static let runKeys: [RecipeKey] = [
        RecipeKey(
            "evaluate.every", \.evaluate.every, .interval, otherNames: ["eval_steps", "steps_per_eval", "eval_every"],
            "steps between evaluations, or `epoch`: at the end of each"),
        RecipeKey(
            "evaluate.tasks", \.evaluate.tasks, .list(.path, of: "files", orOne: true, allowsEmpty: true),
            otherNames: ["tasks", "eval_tasks"],
            "what the model is asked besides its loss on held-out rows: JSONL files or suites (YAML), as `graft eval` has"
                + " them, gates aside"),
        RecipeKey(
            "evaluate.metric", \.evaluate.metric, .text, otherNames: ["metric_for_best_model"],
            "what decides which checkpoint is best: `eval_loss` or `TASK.METRIC`"),
        RecipeKey(
            optional: "evaluate.patience", \.evaluate.patience, .integer(1...Int.max),
            otherNames: ["early_stopping_patience"],
            "evaluations without a better value after which training stops"),
        RecipeKey(
            "save.every", \.save.every, .integer(1...Int.max), otherNames: ["save_steps", "save_every", "steps"],
            "steps between checkpoints"),
        RecipeKey(
            "save.keep", \.save.keep, .integer(1...Int.max), otherNames: ["save_total_limit"],
            "checkpoints kept; the best is kept besides"),
        RecipeKey(
            "output", \.output, .path, required: true, otherNames: ["output_dir", "out", "output_path"],
            "directory of the run"),
    ]
}
