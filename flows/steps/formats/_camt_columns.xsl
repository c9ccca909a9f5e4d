<?xml version="1.0" encoding="UTF-8"?>
<!-- The columns of a camt entry, one row for each transaction detail, or one for an entry without details.
     Elements are matched by local name, so every version of 052, 053 and 054 is read. A version that wraps
     parties in Pty (from 8 on) and one that does not differ in one step, written as a union.
     Cells end with U+E000, rows with U+E001 (private use: cannot stand in a statement by accident). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="NAMESPACE" exclude-result-prefixes="c">
  <xsl:output method="text" encoding="UTF-8"/>

  <xsl:template match="/*">
    <xsl:apply-templates select="c:Ntry"/>
  </xsl:template>

  <xsl:template match="c:Ntry">
    <xsl:variable name="details" select="c:NtryDtls/c:TxDtls"/>
    <xsl:choose>
      <xsl:when test="$details">
        <xsl:variable name="entry" select="."/>
        <xsl:for-each select="$details">
          <xsl:call-template name="entry"><xsl:with-param name="entry" select="$entry"/><xsl:with-param name="count" select="count($details)"/></xsl:call-template>
          <xsl:call-template name="detail"><xsl:with-param name="entry" select="$entry"/></xsl:call-template>
          <xsl:text>&#xE001;</xsl:text>
        </xsl:for-each>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="entry"><xsl:with-param name="entry" select="."/><xsl:with-param name="count" select="0"/></xsl:call-template>
        <xsl:text>&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE000;&#xE001;</xsl:text>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- amount, currency, mark, status, booked, value, bank's reference, code, entry text, batch size -->
  <xsl:template name="entry">
    <xsl:param name="entry"/>
    <xsl:param name="count"/>
    <xsl:value-of select="$entry/c:Amt"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:Amt/@Ccy"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:CdtDbtInd"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:Sts"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:BookgDt"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:ValDt"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:AcctSvcrRef"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="($entry/c:BkTxCd/c:Prtry/c:Cd | $entry/c:BkTxCd/c:Domn)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$entry/c:AddtlNtryInf"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$count"/><xsl:text>&#xE000;</xsl:text>
  </xsl:template>

  <!-- amount, currency, mark, reference; account, name, bank of debtor and of creditor; remark -->
  <xsl:template name="detail">
    <xsl:param name="entry"/>
    <xsl:variable name="amount" select="(c:Amt | c:AmtDtls/c:TxAmt/c:Amt)[1]"/>
    <xsl:value-of select="$amount"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="$amount/@Ccy"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="c:CdtDbtInd"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="(c:Refs/c:AcctSvcrRef | c:Refs/c:EndToEndId[. != 'NOTPROVIDED'] | c:Refs/c:TxId)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="c:RltdPties/c:DbtrAcct/c:Id/*[1]/descendant-or-self::*[not(*)][1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="(c:RltdPties/c:Dbtr/c:Nm | c:RltdPties/c:Dbtr/c:Pty/c:Nm)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="(c:RltdAgts/c:DbtrAgt/c:FinInstnId/c:Nm | c:RltdAgts/c:DbtrAgt/c:FinInstnId/c:BIC | c:RltdAgts/c:DbtrAgt/c:FinInstnId/c:BICFI)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="c:RltdPties/c:CdtrAcct/c:Id/*[1]/descendant-or-self::*[not(*)][1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="(c:RltdPties/c:Cdtr/c:Nm | c:RltdPties/c:Cdtr/c:Pty/c:Nm)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:value-of select="(c:RltdAgts/c:CdtrAgt/c:FinInstnId/c:Nm | c:RltdAgts/c:CdtrAgt/c:FinInstnId/c:BIC | c:RltdAgts/c:CdtrAgt/c:FinInstnId/c:BICFI)[1]"/><xsl:text>&#xE000;</xsl:text>
    <xsl:for-each select="c:RmtInf/c:Ustrd"><xsl:value-of select="."/></xsl:for-each>
    <xsl:if test="not(c:RmtInf/c:Ustrd)"><xsl:value-of select="c:AddtlTxInf"/></xsl:if>
    <xsl:text>&#xE000;</xsl:text>
  </xsl:template>
</xsl:stylesheet>
