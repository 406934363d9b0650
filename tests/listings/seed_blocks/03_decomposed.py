# CrossEntropyLoss = LogSoftmax + NLLLoss

log_softmax = nn.LogSoftmax(dim=1)
nll_loss = nn.NLLLoss()

# Equivalent computation
log_probs = log_softmax(logits)
loss_decomposed = nll_loss(log_probs, targets)

print(f"Decomposed: {loss_decomposed.item():.6f}")
print(f"Direct CE:  {criterion(logits, targets).item():.6f}")
