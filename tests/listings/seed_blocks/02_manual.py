def cross_entropy_manual(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """
    Manual implementation of cross-entropy loss.

    CE = -mean(log(softmax(logits))[true_class])
       = mean(-log_softmax(logits)[true_class])
       = mean(NLL)
    """
    log_probs = F.log_softmax(logits, dim=1)
    nll = -log_probs[range(len(targets)), targets]
    return nll.mean()

# Verify equivalence
loss_manual = cross_entropy_manual(logits, targets)
loss_pytorch = F.cross_entropy(logits, targets)
print(f"Manual:  {loss_manual.item():.6f}")
print(f"PyTorch: {loss_pytorch.item():.6f}")
print(f"Match:   {torch.allclose(loss_manual, loss_pytorch)}")
