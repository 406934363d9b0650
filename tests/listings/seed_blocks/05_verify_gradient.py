def verify_gradient_derivation():
    """
    Verify our analytical gradients match PyTorch autograd.
    """
    torch.manual_seed(42)

    # Setup
    N, D, K = 4, 5, 3  # 4 samples, 5 features, 3 classes

    X = torch.randn(N, D)
    y = torch.randint(0, K, (N,))

    W = torch.randn(K, D, requires_grad=True)
    b = torch.randn(K, requires_grad=True)

    # Forward pass
    logits = X @ W.T + b  # (N, K)
    probs = F.softmax(logits, dim=1)

    # Loss (cross-entropy)
    loss = F.cross_entropy(logits, y)

    # Autograd backward
    loss.backward()

    # Our analytical gradients
    y_onehot = F.one_hot(y, K).float()
    dz = probs.detach() - y_onehot  # (N, K)

    dW_analytical = (1/N) * dz.T @ X  # (K, D)
    db_analytical = (1/N) * dz.sum(dim=0)  # (K,)

    # Compare
    print("Gradient Verification")
    print("=" * 50)
    print(f"dW max error: {(W.grad - dW_analytical).abs().max().item():.2e}")
    print(f"db max error: {(b.grad - db_analytical).abs().max().item():.2e}")
    print(f"Gradients match: {torch.allclose(W.grad, dW_analytical, atol=1e-5)}")

verify_gradient_derivation()
