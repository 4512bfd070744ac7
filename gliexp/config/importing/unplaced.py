"""Names in foreign files that are no settings of a gliexp run, and why."""

from __future__ import annotations

PRETRAINED = frozenset(
    """
    _from_model_config _commit_hash _attn_implementation_autoset add_cross_attention architectures auto_map
    attribute_map bad_words_ids begin_suppress_tokens bos_token_id chunk_size_feed_forward
    cross_attention_hidden_size decoder_start_token_id dtype encoder_no_repeat_ngram_size eos_token_id
    exponential_decay_length_penalty finetuning_task forced_bos_token_id forced_eos_token_id id2label is_decoder
    is_encoder_decoder keys_to_ignore_at_inference label2id max_length min_length no_repeat_ngram_size
    num_labels output_attentions output_hidden_states output_scores pad_token_id prefix pruned_heads
    remove_invalid_values return_dict return_dict_in_generate sep_token_id suppress_tokens task_specific_params
    tf_legacy_loss tie_encoder_decoder tie_word_embeddings tokenizer_class torch_dtype torchscript
    transformers_version use_bfloat16 use_cache quantization_config sub_configs cls_token_id mask_token_id
    unk_token_id assistant_confidence_threshold assistant_early_exit assistant_ensemble_weight
    assistant_lookbehind cache_config cache_implementation compile_config constraints continuous_batching_config
    disable_compile diversity_penalty do_sample dola_layers early_stopping encoder_repetition_penalty
    epsilon_cutoff eta_cutoff force_words_ids guidance_scale is_assistant length_penalty low_memory
    max_cache_len max_matching_ngram_size max_new_tokens max_time min_new_tokens min_p num_assistant_tokens
    num_assistant_tokens_schedule num_beam_groups num_beams num_return_sequences output_logits penalty_alpha
    prefill_chunk_size prompt_lookup_num_tokens renormalize_logits repetition_penalty sequence_bias
    speculation_type stop_strings target_lookbehind temperature token_healing top_h top_k top_p typical_p
    use_mtp watermarking_config
    """.split()
)
"""Settings of transformers' PretrainedConfig and GenerationConfig, of version 4 and 5."""

BACKBONE = frozenset(
    """
    activation attention_bias attention_dropout attention_probs_dropout_prob classifier_dropout conv_act
    conv_kernel_size d_ff d_kv d_model decoder_bias dropout_rate embedding_dropout embedding_size
    feed_forward_proj global_attn_every_n_layers global_rope_theta head_dim hidden_act hidden_activation
    hidden_dropout hidden_dropout_prob initializer_cutoff_factor initializer_factor initializer_range
    intermediate_size layer_norm_eps layer_norm_epsilon layer_types legacy local_attention local_rope_theta
    max_position_embeddings max_relative_positions mlp_bias mlp_dropout n_embd n_head n_layer n_positions
    norm_bias norm_eps norm_rel_ebd num_attention_heads num_decoder_layers num_heads num_hidden_layers
    num_key_value_heads num_layers pooler_dropout pooler_hidden_act pooler_hidden_size pos_att_type
    position_biased_input position_buckets position_embedding_type relative_attention
    relative_attention_max_distance relative_attention_num_buckets rms_norm_eps rope_parameters rope_scaling
    rope_theta share_att_key sliding_window type_vocab_size z_steps
    """.split()
)
"""Settings of encoders: BERT, RoBERTa, DeBERTa, ModernBERT, T5, Qwen."""

LOGGED = {
    "_wandb": "W&B's record of its own run",
    "wandb_version": "version of the export's format",
    "model/num_parameters": "a count, not a setting",
    "_n_gpu": "counted when a run starts",
    "n_gpu": "counted when a run starts",
    "__cached__setup_devices": "found when a run starts",
    "distributed_state": "found when a run starts",
    "peft_type": "said by peft=…",
    "model_type": "said by task=…",
}
"""What tools write beside settings."""


def reason(name: str, *, of_model: bool) -> str:
    """Why a name has no place; empty for a possible setting. `of_model`: the file lists a model's config too."""
    if name in LOGGED:
        return LOGGED[name]
    if of_model and name in PRETRAINED:
        return "transformers' own setting of a saved model; it comes with the backbone"
    if of_model and name in BACKBONE:
        return "part of the backbone's architecture, which comes with its weights"
    return ""
