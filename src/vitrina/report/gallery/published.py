"""The numbers of the UGallery study, as the lecture of D. Parra shows them (Messina et al., UMUAI 2018).

1,371 people, 3,940 works and 2,846 sales of an online gallery; the data are not public, so nobody can run these again.
"""

from __future__ import annotations

_Rows = dict[str, tuple[float, ...]]

#: Columns of the three tables.
METADATA = ("recall@5", "recall@10", "diversity", "users", "sessions")
EVF = ("ndcg@5", "ndcg@10", "recall@5", "recall@10", "precision@5", "precision@10")
ALTOGETHER = ("ndcg@5", "ndcg@10", "recall@5", "recall@10", "precision@5", "precision@10", "f1@5", "f1@10")

_METADATA: _Rows = {
    "mpav-color": (0.0108, 0.0223, 0.6218, 0.9993, 0.9995),
    "mpav-medium": (0.0095, 0.0199, 0.6706, 0.9993, 0.9995),
    "mpav-style": (0.0083, 0.0164, 0.7055, 0.9993, 0.9995),
    "mpav-subject": (0.0060, 0.0139, 0.6881, 0.9993, 0.9995),
    "mpav-mood": (0.0089, 0.0177, 0.5724, 0.9993, 0.9995),
    "mpav-all": (0.0099, 0.0198, 0.6683, 0.9993, 0.9995),
    "pmpav-color": (0.0166, 0.0351, 0.6574, 0.2619, 0.3570),
    "pmpav-medium": (0.0184, 0.0336, 0.6774, 0.2640, 0.3593),
    "pmpav-style": (0.0280, 0.0494, 0.7127, 0.0766, 0.1168),
    "pmpav-subject": (0.0125, 0.0236, 0.6897, 0.0890, 0.1407),
    "pmpav-mood": (0.0159, 0.0270, 0.6967, 0.1327, 0.1822),
    "pmpav-all": (0.0148, 0.0285, 0.6863, 0.2640, 0.3593),
}
_EVF: _Rows = {
    "evf-all": (0.0344, 0.0459, 0.0547, 0.0885, 0.0127, 0.0111),
    "evf": (0.0370, 0.0453, 0.0585, 0.0826, 0.0152, 0.0109),
    "evf-lbp": (0.0292, 0.0388, 0.0431, 0.0715, 0.0103, 0.0085),
    "evf-brightness": (0.0048, 0.0083, 0.0080, 0.0186, 0.0035, 0.0031),
    "evf-colorfulness": (0.0020, 0.0052, 0.0033, 0.0126, 0.0008, 0.0017),
    "evf-contrast": (0.0079, 0.0102, 0.0149, 0.0220, 0.0033, 0.0025),
    "evf-entropy": (0.0088, 0.0098, 0.0110, 0.0137, 0.0026, 0.0019),
    "evf-naturalness": (0.0062, 0.0110, 0.0108, 0.0248, 0.0026, 0.0032),
    "evf-saturation": (0.0055, 0.0084, 0.0096, 0.0187, 0.0021, 0.0020),
    "evf-sharpness": (0.0063, 0.0085, 0.0117, 0.0178, 0.0024, 0.0021),
}
_ALTOGETHER: _Rows = {
    "hybrid-fa-dnn-evf-price": (0.1367, 0.1569, 0.1768, 0.2368, 0.0425, 0.0287, 0.0663, 0.0501),
    "hybrid-fa-dnn": (0.1342, 0.1526, 0.1716, 0.2251, 0.0420, 0.0283, 0.0651, 0.0490),
    "hybrid-fa-evf": (0.1282, 0.1439, 0.1780, 0.2252, 0.0420, 0.0272, 0.0659, 0.0474),
    "hybrid-fa-price": (0.1322, 0.1441, 0.1780, 0.2139, 0.0435, 0.0263, 0.0672, 0.0456),
    "fa": (0.1132, 0.1270, 0.1591, 0.2039, 0.0385, 0.0252, 0.0596, 0.0436),
    "price": (0.0239, 0.0293, 0.0366, 0.0527, 0.0083, 0.0065, 0.0131, 0.0112),
    "dnn": (0.0810, 0.0968, 0.1052, 0.1525, 0.0269, 0.0195, 0.0415, 0.0338),
    "evf": (0.0370, 0.0453, 0.0585, 0.0826, 0.0152, 0.0109, 0.0233, 0.0188),
    "pmpav-color": (0.0097, 0.0167, 0.0166, 0.0351, 0.0039, 0.0042, 0.0061, 0.0073),
    "mpav-color": (0.0067, 0.0106, 0.0108, 0.0223, 0.0029, 0.0029, 0.0043, 0.0049),
}

#: table -> (columns, method -> values).
PUBLISHED: dict[str, tuple[tuple[str, ...], _Rows]] = {
    "metadata": (METADATA, _METADATA),
    "evf": (EVF, _EVF),
    "altogether": (ALTOGETHER, _ALTOGETHER),
}

#: Works that have an attribute, and works that lack it. The rows add up to 3,490, not to 3,940: one of the two is a slip.
ATTRIBUTES = {"color": (3391, 99), "style": (646, 2844), "subject": (578, 2912), "mood": (1550, 1940), "medium": (3490, 0)}

#: Strongest correlations of measured features with dimensions of AlexNet's fc6: highest, where, lowest, where.
EXPLAINED = {
    "brightness": (0.5815, 598, -0.5020, 3916),
    "sharpness": (0.4682, 4095, -0.3668, 1025),
    "saturation": (0.3645, 445, -0.5019, 2370),
    "colorfulness": (0.3034, 1014, -0.3383, 2410),
    "entropy": (0.3410, 286, -0.4369, 3499),
    "contrast": (0.3941, 469, -0.2799, 3761),
    "naturalness": (0.0852, 2626, -0.0256, 2499),
}
