"""Calls that users make, for the type checker; nothing here runs.

The last part holds calls that are wrong. Each says so to the checker, which complains where it finds no fault.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from fingerprint_features import (
    GLCM,
    LBP,
    SSIM,
    AuditResult,
    Autoencoder,
    CNNEmbedding,
    DecodeOptions,
    FaissKNeighborsClassifier,
    FaissNearestNeighbors,
    FeatureCache,
    FeaturePipeline,
    Filtered,
    Gabor,
    ImageSet,
    MetricEmbedder,
    NetClassifier,
    PairClassifier,
    PairNetwork,
    Patches,
    PHash,
    Pixels,
    PseudoLabelClassifier,
    ReferenceModel,
    ReferenceSimilarity,
    SIFTWords,
    TextureCDF,
    ThresholdClassifier,
    Whiten,
    attribute,
    audit,
    audits,
    check_images,
    detect,
    drop_failed,
    evaluate,
    load_imageclef_gans,
    make_extractor,
    make_generator_task,
    make_membership_task,
    membership_scores,
    permutation_test,
    recipes,
    retrieve,
    tpr_at_fpr,
    write_submission,
)
from fingerprint_features.evaluate import roc_band
from fingerprint_features.report import draw_history, draw_pairs, draw_roc, draw_scores, write_page

# ---- images
folder = Path("images")
images: ImageSet = ImageSet.from_folder(folder, groups=lambda id: id.split("/")[0])
ImageSet.from_folder("images", size=(64, 64), options=DecodeOptions(value_range=(-1000, 400)))
ImageSet(["a.png", Path("b.png")], ids=["a", "b"], groups={"a": "ann", "b": "bo"})
ImageSet(np.zeros((4, 8, 8), dtype=np.uint8), groups=["ann", "ann", "bo", "bo"])
ImageSet([np.zeros((8, 8), np.uint8), np.zeros((9, 9), np.uint8)], size=64)
first: npt.NDArray[Any] = images[0]
by_id: npt.NDArray[Any] = images["a.png"]
part: ImageSet = images[1:3]
masked: ImageSet = images[np.array([True, False])]
few: ImageSet = images[[0, 2]]
names: npt.NDArray[np.str_] = images.ids
n: int = len(images) + images.shape[0]
check_images(["a.png", "b.png"])

# ---- features
features = FeaturePipeline([LBP(radius=(1, 2)), ("texture", GLCM(levels=256))], cache="features.cache", n_jobs=-1)
FeaturePipeline(Gabor(), cache=Path("features.cache"), on_error="nan", progress=True)
FeaturePipeline([Filtered(LBP(), "gaussian"), Patches(GLCM(), grid=(2, 2)), Pixels((8, 8)), SIFTWords(), TextureCDF()])
FeaturePipeline([PHash()], cache=FeatureCache("features.cache"))
rows = features.fit_transform(images)
rows = features.fit(["a.png", "b.png"]).transform(np.zeros((2, 8, 8), dtype=np.uint8))
FeaturePipeline([LBP(device="cuda"), GLCM(device="auto"), Gabor(device=None)], batch_size=256)
features.set_params(lbp__radius=2)
columns = features.get_feature_names_out()
drop_failed(rows, [0, 1], images.ids)
CNNEmbedding("resnet50", weights="resnet50.pth", layer=["layer3", "layer4"], pool="max", device="cpu")
CNNEmbedding(resize="squash")
make_extractor("lbp", radius=2).fit_transform(images)
ReferenceModel(Autoencoder("residual5", latent=64, decoders=1, loss="mae"), images, standardize="zscore")
errors = Autoencoder(fit_on="both", reference=images, output="both").fit(images).score_samples(images)
MetricEmbedder("resnet50", "v1", loss="triplet", pairs="reference", reference=images, body_lr=0.1).fit(images, [0, 1])

# ---- trained networks
net = NetClassifier("resnet18", "v1", hidden=256, dropout=0.5, device="cpu").fit(
    images, [0, 1], train_only=[True, False]
)
PseudoLabelClassifier(net, unlabelled=["c.png"]).fit(images, [0, 1]).predict(images)

# ---- tasks
task = make_membership_task(n_used=12, n_unused=12, n_generated=24, memorization=0.5, image_size=64, random_state=0)
load_imageclef_gans("data", 2025, 1, "test")
make_generator_task("gan", images=images, split="third", steps=100, device="cpu", checkpoint="gan.part").X.groups
y = task.y

# ---- comparisons with a generated set
ReferenceSimilarity(task.reference, features=features, reduce=["max", "log_ratio"], holdout="unused").fit(task.X, y)
ReferenceSimilarity(task.reference, features, "cosine", ["margin", "credit"], rivals=images, fit_features="rivals")
whitened: npt.NDArray[Any] = Whiten(shrinkage=0.2).fit(rows).transform(rows)
Filtered(Pixels(), "highpass", sigma=2)
ReferenceSimilarity(task.reference, features, metric="cosine", k=5).fit(task.X).with_reference(images)
ReferenceModel(LogisticRegression(), task.reference, contrast=images, output="predict_proba")
PairClassifier(LogisticRegression(), task.reference, features=features, pair="absdiff", n_pairs=5)
PairNetwork("resnet18", task.reference, head="relation", n_pairs=None).fit(task.X, y).with_reference(images).predict(
    images
)
SSIM(task.reference, reduce=None).fit(task.X)

# ---- answers
ThresholdClassifier("auto", metric="kappa").fit(rows, [0, 1]).predict(rows)
ThresholdClassifier("prior", prior=0.25)
FaissNearestNeighbors(n_neighbors=3, metric="cosine").fit(rows).kneighbors(rows)
FaissKNeighborsClassifier(metric="hamming").fit(rows, [0, 1])
retrieve(task.X, task.reference, features=features, k=5)
model = recipes.make("vcmi-2023-threshold-max", reference=task.reference, cache="features.cache")
recipes.info("dmk-2023-phash").score
recipes.with_reference(model, images)
recipes.make("aim-2025-siamese-subsets", preset="fast", reference=images, reference_y=[1, 2], unlabelled=images)
fitted: recipes.FittedRecipe = recipes.load("siamese.model", reference=images)
recipes.save(fitted, "siamese.model")
found = detect(images, generated=task.reference, used=part, unused=few, recipe="calibrated-log-ratio")
verdict: str = found.verdict
table = found.frame()
attribute(images, real=task.X)

# ---- scores
scores = membership_scores(y, [0, 1], groups=["ann", "bo"])
kappa, low, high = scores["kappa"]
permutation_test([0, 1], {"a": [0, 1], "b": np.array([1, 0])}, statistic="auc", n_permutations=99)
tpr_at_fpr([0, 1], [0.1, 0.9], 0.1)
roc_band([0, 1], [0.1, 0.9], groups=[1, 2]).fpr.tolist()
draw_roc([0, 1], [0.1, 0.9]).savefig("roc.svg")
draw_scores(found.scores, cut=0.5)
draw_pairs(images, task.reference)
draw_history({"loss": [1.0, 0.5]})
write_page(found, Path("report.html"), images=False, cache="features.cache")
write_page(attribute(images, real=task.X, real_y=y), "report.html")
asked: ImageSet = found.inputs.sets["candidates"]
far = np.ones((3, 2))
copying: evaluate.SetTest = evaluate.copying_test(far, far[:2], [1, 0], groups=["ann", "bo"], cells=3, min_generated=5)
rare: npt.NDArray[np.float64] = evaluate.conformal_p_values(far[0], [0.1, 0.2], groups=["ann", "bo"])
corrected: npt.NDArray[np.float64] = evaluate.correct_set_tests([copying])
said: str = copying.conclusion + str(copying.null.low) + str(copying.to_dict()["p_value"])
evaluate.authenticity_gap(far, far[:2], y, groups=["ann", "bo"], n_bootstrap=100)
evaluate.dcr_share(far, np.array([True, False]), random_state=np.random.default_rng(0))
evaluate.privacy_loss(far, far[:2], [1.0, 2.0, 3.0], y, confidence=0.9)
evaluate.dataset_inference(far[0], y, n_permutations=99)
points: tuple[evaluate.OperatingPoint, ...] = evaluate.operating_points(y, far[0], (0.1, 0.01), groups=["ann", "bo"])
evaluate.predictive_values(y, y, (0.5, 0.1))[0.1].low
epsilon: float = evaluate.epsilon_lower_bound(y, far[0], groups=["ann", "bo"]).epsilon
evaluate.sample_resolution(y, n_methods=3).conclusion
at_risk: npt.NDArray[np.bool_] = evaluate.image_risk(far, far[:2], groups=["ann", "bo"], fdr=0.1).flagged
audited: AuditResult = audit(
    ["calibrated-log-ratio"], used=images, unused=images, generated=images, groups="auto", cv=3
)
kind: str = audited.verdict.kind + str(audited.p_value) + audited.to_json() + audited.controls[0].conclusion
at_most_risk: list[Any] = audited.risk.by_image()["id"]
guessed, about_patients = audits.infer_patients({"used": images}, cache="rows.cache")
fault: audits.LintFinding = audits.lint({**guessed, "generated": images}, "patient", embedding=LBP())[0]
evaluate.likely_patients(["a", "b"], alike=[0, 0]).reason + about_patients.text + fault.pairs[0].id
audit(lambda reference, holdout: ThresholdClassifier(0.5), candidates=images, generated=images, n_permutations=99)
write_submission(images.ids, [0, 1], "run.csv")

# ---- wrong calls
FeaturePipeline([LBP()], on_error="ignore")  # pyright: ignore[reportArgumentType]
Autoencoder(loss="ssim")  # pyright: ignore[reportArgumentType]
FeaturePipeline([LBP()], cache=3)  # pyright: ignore[reportArgumentType]
ImageSet(7)  # pyright: ignore[reportArgumentType]
DecodeOptions(alpha=3)  # pyright: ignore[reportArgumentType]
images.id  # pyright: ignore[reportAttributeAccessIssue]
LBP(radii=2)  # pyright: ignore[reportCallIssue]
ThresholdClassifier("auto", metric=0)  # pyright: ignore[reportArgumentType]
