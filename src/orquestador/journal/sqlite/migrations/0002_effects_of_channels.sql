-- The ERP lane of one warehouse looks for the effects of its channels alone (docs/adr/0019).
CREATE INDEX work_effects_of ON work (channel, effect_due_at) WHERE effect_due_at IS NOT NULL;
