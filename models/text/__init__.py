"""Reading Chinese text: restricted words, promises, promised yields, products, complaints.

Text is evidence only where a typology is about text (三(一) names, 二(六) advertising, 三(三)
tips); nothing here touches statement remarks.
"""
