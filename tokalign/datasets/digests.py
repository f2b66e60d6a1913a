"""The sha256 of public files that were looked into, by path inside a data folder.

A download whose bytes differ is refused. Facts only.
"""

from __future__ import annotations

_LISTINGS = {
    "sick": """
        1539c2d059809b5bd40694e26d8121cc85b6b496f91c7b40f2fc83bbd7dcd957  SICK.txt
    """,
    "str2022": """
        33bff72be169a0da2988496d17ee1e4fd1c17be10230c7820dc4628cd9c349d5  eng_dev_with_labels.csv
        6f3a7bb48ddb8ba9fe9fcf96dfa2bca70da477f1a2be2193f884f4eda3212c0e  eng_test_with_labels.csv
        fbf2227c7d35d1c039c6afced3314197f712f40c73a76bad7383ac58ffa21550  eng_train.csv
    """,
    "msmarco_pairs": """
        45cd26ed3328b413bed13b2ee5bf5a80f31df9b02c9e85e3e9cf88ae3d8cd375  sampled500.txt
    """,
    "banking77/banking_data": """
        d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d  test.csv
        b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b  train.csv
    """,
    "ag_news": """
        521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699  test.csv
    """,
    "cranfield": """
        369eb64e59d855b62463832f1338f471cede578571ee7fb33e3592a2a138ff47  cran.all.1400.xml
        b609a59e980857ba59d098f33433822a5c200bcf6836a320babf2b1a5e7545eb  cran.qry.xml
        98a13b4913d61a02690725aee7ac4f6a1979c13fc9088ad9b4a81be58b1a6f11  cranqrel.trec.txt
    """,
    "sts/sts/semeval-sts/2012": """
        0152db6de47cb0c309482425118281b8afad65a066ad961c96930d511d62dba1  MSRpar.test.tsv
        8148c4aea8e70e39c033e16cc0765735669aba0f5de053ac0061f2cf47cf366f  OnWN.test.tsv
        b70cbc8262db9fe178341a2e427d713be2fb440b1cccc1736cd0e66f0ac8ff59  SMTeuroparl.test.tsv
        7745b5a11faab3098eacd8ba7ea4530f932d1ee5f82e10d6d1f1b8b03cd8868b  SMTnews.test.tsv
    """,
    "sts/sts/semeval-sts/2013": """
        ac1fcaf6042fc7f8984b0d6145b5a4028da10c9adc55754ea1ad64d6dd3f6633  FNWN.test.tsv
        66aeefda9084f544e2d54e51026d2952e2cb05bd9b5fcf4c6d4efe57dfa3e4fc  OnWN.test.tsv
        9b40330c1b70017b62a48404bf050211f5cfd990e249fc1b8146163bdcb9924a  headlines.test.tsv
    """,
    "sts/sts/semeval-sts/2014": """
        072ffe5052223b45018a588c3f06d48a3b16bf7a7ea7e9f235fce89342ec8f3f  OnWN.test.tsv
        1bdea70a0f1b44b7697ede61b80a9a566fad928150567a8a46235104847ef484  deft-forum.test.tsv
        faf2fc618e57f4acac25a7cdb16b131a2055ed4fcead3cf475e411b0482dc51d  deft-news.test.tsv
        85e98e7c2ed1e95e2a0d1d4047f50497f3a2ca196c0004afa416320f73d46efd  headlines.test.tsv
        c17677ae0fdd667330b8b41585666d2181d1f4b20013cfdd81f5d0f2811b9165  images.test.tsv
        be2ee005c28f3c4359cef6d35323ef5ce32443a85a6bad21cdb30f320054db37  tweet-news.test.tsv
    """,
    "sts/sts/semeval-sts/2015": """
        896cd9f26fad335775688ee9829910bb2e7240fb44d89b2e1cc467a73239f65d  answers-forums.test.tsv
        e3bd0696f2ff514276ddcc830655b84d7d5e48868f71aa3009d6c5ff90756cee  answers-students.test.tsv
        29cc4918023aabd33a270f475914885fa7dd24c9811279d9e0face14f973a7e4  belief.test.tsv
        d45bf6e97f44afc817b39c1e51492cfadce163b0076611f7c85472c8e05271d1  headlines.test.tsv
        820fe1c8cfb1349ba7d7bca3bf1ed38776d9d0d1b193124a8666e3a5f440c5a9  images.test.tsv
    """,
    "sts/sts/semeval-sts/2016": """
        b7152d6d12e7145734b452a9757593259b987bbae0558e769a1ded3e992ba12b  answer-answer.test.tsv
        454c0fa9fdbb133042e84cb7b85f0562b60016d70c1f3caf4b01bd51e6b58a3f  headlines.test.tsv
        9f556fe320ce95c7b43db74894f0120dcb4dc9745c7ae9936b49fba04a52524a  plagiarism.test.tsv
        e412867621bbabf17d4b44c99f84bb222448eabaef34b37243baed1687812b81  postediting.test.tsv
        0b136074715d26425b1b18f566ba319598efa12e1601fd048ad496937c484c06  question-question.test.tsv
    """,
    "word_similarity": """
        80d53df34bc6dd84d65097440777c1b92ae33e90f39e3621b3979a1518e94665  mc-30.csv
        ee7efb13c361afe12a6b1a58654833f97029e0b0540859f8db503c2f75782e44  men.csv
        0df0d240577cb0a35538cf2d57085551f30b64fa338b347abe05ec50950b44c3  mturk-287.csv
        04213b3c30625e3e9c8b88b51bbf1dc9837289f2fa3d70c119d44aa65be43b8c  mturk-771.csv
        d20733284912e2c3fe680344a8206438c94555c07329c1aed5bfdfe86bd527ee  rg-65.csv
        b621a724cc748e4c722e97242da16f15bbb7d73bc7f9b1f6097c11051022a899  rw.csv
        791a3755d0c7faea8bd71b3e85e709514bc56717b14e4d1d46ea41f400c39baf  semeval17.csv
        44d0b1dd5d57706acdb6cd37bd5afa4e091d7552671b9d6d4a0f4bdc321c1792  simlex999.csv
        cc481bf98ed80549e86dd87df972aa0de931ee7ba3634cdc2df361f23c7b67c9  simverb-3500.csv
        127c940161aea65c91822197ad3ba1e37c830579de00dffd0c77c48015a48971  verb-143.csv
        a20580f54dca51d02585568eaa6f4ba4d289498f6ecfa589eea46bf836885e76  wordsim353-rel.csv
        97444f54a2c22693f7f458c15278976c125360f33f2f6f8e1c6245123c2c14c7  wordsim353-sim.csv
        34e3b70bf86519eb892fb286281812468875c0ec1e3ef7828a396474b41b1c02  yp-130.csv
    """,
}

SHA256: dict[str, str] = {
    f"{folder}/{line.split()[1]}": line.split()[0]
    for folder, listing in _LISTINGS.items()
    for line in listing.strip().split("\n")
}
