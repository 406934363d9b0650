def visualize_gradient_flow():
    """
    Show how gradients flow through softmax + cross-entropy.
    """
    torch.manual_seed(42)

    # Single sample for clarity
    logits = torch.tensor([2.0, 1.0, 0.5], requires_grad=True)
    true_class = 0

    # Forward
    probs = F.softmax(logits, dim=0)
    loss = -torch.log(probs[true_class])

    # Backward
    loss.backward()

    print("Gradient Flow Visualization")
    print("=" * 50)
    print(f"Logits z:        {logits.detach().numpy().round(4)}")
    print(f"Probabilities π: {probs.detach().numpy().round(4)}")
    print(f"True class:      {true_class}")
    print(f"Loss:            {loss.item():.4f}")
    print()
    print(f"∂L/∂z (autograd):   {logits.grad.numpy().round(4)}")

    # Analytical: π - y
    y_onehot = torch.zeros(3)
    y_onehot[true_class] = 1
    grad_analytical = probs.detach() - y_onehot
    print(f"∂L/∂z (analytical): {grad_analytical.numpy().round(4)}")
    print()
    print("Note: ∂L/∂z = π - y (predicted minus true)")

visualize_gradient_flow()
