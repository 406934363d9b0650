# With class weights (for imbalanced data)
class_weights = torch.tensor([1.0, 2.0, 3.0])
weighted_ce = nn.CrossEntropyLoss(weight=class_weights)

# With label smoothing
smooth_ce = nn.CrossEntropyLoss(label_smoothing=0.1)

# Ignoring certain labels (e.g., padding)
ignore_ce = nn.CrossEntropyLoss(ignore_index=-100)

# Focal loss (manual implementation)
def focal_loss(logits, targets, alpha=1.0, gamma=2.0):
    """
    Focal Loss for dense object detection.

    Args:
        logits: Raw model outputs
        targets: Ground truth class indices
        alpha: Weighting factor
        gamma: Focusing parameter
    """
    ce_loss = F.cross_entropy(logits, targets, reduction='none')
    pt = torch.exp(-ce_loss)  # pt = probability of true class
    focal_weight = alpha * (1 - pt) ** gamma
    return (focal_weight * ce_loss).mean()
